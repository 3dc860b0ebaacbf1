// Implementation of file_descriptor.hpp.
#include "daemon/io/sys/file_descriptor.hpp"

#include <unistd.h>

namespace ntpopt {

FileDescriptor::~FileDescriptor() {
    close();
}

void FileDescriptor::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

}  // namespace ntpopt
