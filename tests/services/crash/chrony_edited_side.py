"""A chronyd that reads no source directory as one side of the crash matrix: chronyc adds, and its configuration is edited."""
from chrony_side import ApplierWorld, ChronySide


class ChronyEditedSide(ChronySide):
    CONFIG = [*ChronySide.CONFIG, "edit_files = true"]

    def make_world(self):
        return ApplierWorld(config_lines=self.CONFIG, source_dirs=False)

    def folders(self):
        return [self.world.chrony.directory]

    def files(self):
        return [self.world.chrony.config]

    def followed(self):
        """Whom it follows, and whom it would follow after a restart, where that is somebody else."""
        names = super().followed()
        written = sorted({line.split()[1] for line in self.world.chrony.config.read_text().splitlines()
                          if line.startswith(("server ", "pool "))})
        return names if written == sorted(set(names)) else [*names, "but would follow", *written]
