#!/bin/sh
# Boots the root file system $1 in namespaces of its own and in the cgroup $2. The caller has dropped CAP_SYS_TIME, and
# what boots keeps the caller's network namespace. The child of the process that this becomes is PID 1.
set -e
if [ "${3:-}" != inside ]; then
  echo $$ >"$2/cgroup.procs"
  exec unshare --mount --pid --fork --kill-child --uts --ipc --cgroup --propagation private sh "$0" "$1" "$2" inside
fi

cd "$1"
# A mount of its own, whatever lies above it.
mount --rbind . "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=0755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
# An own /dev: without one systemd would mount the devtmpfs that this machine uses too.
mount -t tmpfs -o mode=0755 tmpfs dev
for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
  IFS=: read -r name major minor <<END
$node
END
  mknod -m 0666 "dev/$name" c "$major" "$minor"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
pivot_root . .
umount -l .
cd /
# LoadCredential= gives an empty folder where mounts do not propagate.
mount --make-rshared /
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system
