//! Reads the probe's lines; one that does not fit is left out.

use super::facts::Disk;
use super::facts::Facts;
use super::facts::Kind;
use super::facts::Limit;
use super::facts::Place;
use super::facts::Root;
use super::facts::Server;
use super::facts::Trial;

impl Facts {
    /// Takes in one line of the probe, its marker taken off.
    ///
    /// What does not fit is left out: a remote may print anything.
    pub fn take(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        let text = || rest.to_owned();
        match word {
            "at" => self.at = text(),
            "uid" => self.uid = text(),
            "user" => self.user = text(),
            "home" => self.home = text(),
            "shell" => self.shell = text(),
            "host" => self.host = text(),
            "platform" => self.platform = text(),
            "connection" => self.connection = text(),
            "boot" => self.boot = text(),
            "data" => self.data = text(),
            "job" => self.job = text(),
            "root" => self.roots.extend(root(rest)),
            "disk" => self.with_root(|root| root.disk = disk(rest)),
            "inodes" => self.with_root(|root| {
                root.inodes_percent = disk(rest).map(|disk| disk.percent);
            }),
            "build" => self.with_root(|root| root.builds.push(text())),
            "runtime" => self.runtimes.extend(runtime(rest)),
            "instance" => self.instances.push(text()),
            "server" => self.servers.extend(server(rest)),
            "log" => self.logs.push(text()),
            "linger" => self.linger = Some(rest == "yes"),
            "logind" => {
                let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
                self.logind.push((name.to_owned(), value.trim().to_owned()));
            }
            "limit" => self.limits.extend(limit(rest)),
            "quota" => self.quota.push(text()),
            _ => {}
        }
    }

    fn with_root(&mut self, change: impl FnOnce(&mut Root)) {
        if let Some(root) = self.roots.last_mut() {
            change(root);
        }
    }
}

/// Splits off `N` words; the rest may hold spaces.
fn words<const N: usize>(text: &str) -> Option<([&str; N], &str)> {
    let mut found = [""; N];
    let mut rest = text;
    for word in &mut found {
        (*word, rest) = rest.split_once(' ')?;
    }
    Some((found, rest))
}

fn kind(word: &str) -> Option<Kind> {
    Some(match word {
        "missing" => Kind::Missing,
        "there" => Kind::There,
        "link" => Kind::Link,
        "file" => Kind::File,
        _ => return None,
    })
}

fn place([kind_word, ours, mode, owner]: [&str; 4], path: &str) -> Option<Place> {
    Some(Place {
        path: path.to_owned(),
        kind: kind(kind_word)?,
        is_ours: ours == "yes",
        mode: mode.to_owned(),
        owner: owner.to_owned(),
    })
}

fn runtime(text: &str) -> Option<Place> {
    let (found, path) = words::<4>(text)?;
    place(found, path)
}

fn root(text: &str) -> Option<Root> {
    let ([kind, ours, mode, owner, writes, runs], path) = words::<6>(text)?;
    let trial = match (writes, runs) {
        ("yes", "yes") => Trial::Ran,
        ("yes", "full") => Trial::Full,
        ("yes", _) => Trial::NotRunnable,
        ("ro", _) => Trial::ReadOnly,
        ("no", _) => Trial::NotWritable,
        _ => Trial::NotTried,
    };
    Some(Root {
        place: place([kind, ours, mode, owner], path)?,
        trial,
        disk: None,
        inodes_percent: None,
        builds: Vec::new(),
    })
}

/// `DEVICE TOTAL USED FREE PERCENT% MOUNT`; only the mount may hold spaces.
fn disk(text: &str) -> Option<Disk> {
    let mut fields = text.split_whitespace();
    let device = fields.next()?.to_owned();
    let total_kb = fields.next()?.parse().ok()?;
    let _used = fields.next()?;
    let free_kb = fields.next()?.parse().unwrap_or(0);
    let percent = fields.next()?.strip_suffix('%')?.parse().ok()?;
    Some(Disk {
        device,
        total_kb,
        free_kb,
        percent,
        mount: fields.collect::<Vec<_>>().join(" "),
    })
}

fn server(text: &str) -> Option<Server> {
    let ([instance, pid, start, start_now, boot, started_at, version], executable) =
        words::<7>(text)?;
    Some(Server {
        instance: instance.to_owned(),
        pid: pid.parse().ok()?,
        start: start.to_owned(),
        start_now: start_now.to_owned(),
        boot: boot.to_owned(),
        started_at: started_at.parse().unwrap_or(0),
        version: version.to_owned(),
        executable: executable.to_owned(),
    })
}

fn limit(text: &str) -> Option<Limit> {
    let ([name, file], value) = words::<2>(text)?;
    Some(Limit {
        name: name.to_owned(),
        file: file.replace("//", "/"),
        value: value.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_keeps_its_disk_and_its_builds() {
        let mut facts = Facts::default();
        for line in [
            "home /home/me",
            "root there yes drwx------ me yes no /home/me/my root",
            "disk nas:/export 264212084 40739628 54546260 43% /my home",
            "inodes nas:/export - - - - /home",
            "build 0.1.0-Linux-x86_64-0123456789abcdef",
            "root nonsense",
            "nonsense",
        ] {
            facts.take(line);
        }
        let [root] = &facts.roots[..] else {
            panic!("{facts:?}")
        };
        assert_eq!(
            (root.trial, root.inodes_percent),
            (Trial::NotRunnable, None)
        );
        let disk = root.disk.as_ref().unwrap();
        assert_eq!(
            (disk.free_kb, disk.mount.as_str()),
            (54_546_260, "/my home")
        );
        assert_eq!(root.builds.len(), 1);
        assert_eq!(facts.short(&root.place.path), "~/my root");
        assert_eq!(facts.short("/home/meg"), "/home/meg");
    }

    #[test]
    fn a_server_lives_when_its_process_is_still_the_same() {
        let mut facts = Facts::default();
        facts.take("server 3f9a 4711 88 88 b1 1795248000000 0.1.0 /h/bin/0.1.0-x");
        let server = &facts.servers[0];
        assert!(server.is_alive("b1") && !server.is_alive("b2"));
        let reused = Server {
            start_now: "99".into(),
            ..server.clone()
        };
        assert!(!reused.is_alive("b1"));
    }
}
