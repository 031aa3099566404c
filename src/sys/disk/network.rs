//! Who keeps a file system: this machine, a program, or another machine.

use std::path::Path;

/// Who keeps the files below a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// This machine's kernel; what cannot be found out counts as this too.
    Kernel,
    /// A program on this machine (FUSE), or the one that this is a guest of:
    /// another machine may have the same files, and memory of them may not be
    /// shared.
    Program,
    /// Another machine; locks may hang, and memory of a file is not shared.
    Network,
}

/// Finds out who keeps the files below a path.
#[cfg(target_os = "linux")]
#[expect(clippy::unnecessary_cast, reason = "the field's width differs")]
pub fn keeper(path: &Path) -> Keeper {
    rustix::fs::statfs(path).map_or(Keeper::Kernel, |found| kind(found.f_type as i64))
}

/// Finds out who keeps the files below a path.
#[cfg(target_os = "macos")]
pub fn keeper(path: &Path) -> Keeper {
    match rustix::fs::statfs(path) {
        Ok(found) if found.f_flags & libc::MNT_LOCAL.cast_unsigned() == 0 => Keeper::Network,
        _ => Keeper::Kernel,
    }
}

/// Tells the numbers apart that file systems have in statfs(2).
#[cfg(target_os = "linux")]
fn kind(number: i64) -> Keeper {
    // The kernel's field is 32 bits wide; some of these have the highest set.
    match number & 0xffff_ffff {
        // FUSE and virtiofs, 9p, VirtualBox's folders.
        0x6573_5546 | 0x0102_1997 | 0x786f_4256 => Keeper::Program,
        // NFS; SMB, CIFS; AFS; Ceph; Lustre; GPFS; BeeGFS; OrangeFS; OCFS2; GFS2;
        // Coda; PanFS.
        0x6969 | 0x517b | 0xfe53_4d42 | 0xff53_4d42 | 0x5346_414f | 0x6b41_4653 | 0x00c3_6400
        | 0x0bd0_0bd0 | 0x4750_4653 | 0x1983_0326 | 0x2003_0528 | 0x7461_636f | 0x0116_1970
        | 0x7375_7245 | 0xaad7_aaea => Keeper::Network,
        _ => Keeper::Kernel,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_of_this_machine_and_what_is_not_there_are_local() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(keeper(dir.path()), Keeper::Kernel);
        assert_eq!(keeper(&dir.path().join("none")), Keeper::Kernel);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn file_systems_are_told_by_their_numbers() {
        assert_eq!(kind(0x6969), Keeper::Network, "NFS");
        let cifs = i64::from(0xff53_4d42_u32.cast_signed());
        assert_eq!(kind(cifs), Keeper::Network, "where the field is signed");
        assert_eq!(kind(0x6573_5546), Keeper::Program, "FUSE");
        assert_eq!(kind(0xef53), Keeper::Kernel, "ext4");
        assert_eq!(kind(0x0102_1994), Keeper::Kernel, "tmpfs");
    }
}
