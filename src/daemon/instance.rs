//! An instance's directory, lock and connection file.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use sha2::Digest;
use sha2::Sha256;

use crate::protocol::connection::ConnectionInfo;
use crate::sys::dirs;
use crate::sys::env;
use crate::sys::files;
use crate::sys::lock::Lock;
use crate::sys::process;
use crate::sys::process::End;
use crate::sys::process::Identity;

/// How long a server may take from SIGTERM to its end before SIGKILL.
pub const STOP_GRACE: Duration = Duration::from_secs(5);

/// Variables that name a batch job: each job is an instance of its own.
const JOB_VARIABLES: [&str; 4] = ["SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID"];

/// One server's place: user, machine, boot, data directory and job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    dir: PathBuf,
    /// A name of it that outlives a boot.
    lasting: String,
}

/// How [`Instance::stop`] ended a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It ended by itself after SIGTERM.
    Politely,
    /// It had to be killed.
    Killed,
    /// None was running.
    WasNotRunning,
}

impl Instance {
    /// Finds this process's instance and makes its directory.
    ///
    /// # Errors
    /// When no runtime directory is safe to use.
    pub fn current() -> io::Result<Self> {
        let job = JOB_VARIABLES
            .iter()
            .find_map(|name| env::var(name))
            .unwrap_or_default();
        Self::below(&dirs::runtime()?, &dirs::data(), &job)
    }

    fn below(runtime: &Path, data: &Path, job: &str) -> io::Result<Self> {
        let named = |boot: &str| {
            name(&[
                &process::uid().to_string(),
                &process::hostname(),
                boot,
                &data.display().to_string(),
                job,
            ])
        };
        let instance = Self {
            dir: runtime.join(named(&process::boot_id())),
            lasting: named(""),
        };
        instance.make_dirs()?;
        Ok(instance)
    }

    /// Makes the directory and that of the holders, if they are not there.
    ///
    /// # Errors
    /// When either exists and is not this user's alone.
    pub fn make_dirs(&self) -> io::Result<()> {
        files::private_dir(&self.dir)?;
        files::private_dir(&self.holders())
    }

    /// Says whether the directory is there; a server that stops leaves it.
    pub fn is_there(&self) -> bool {
        self.dir.is_dir()
    }

    /// The server's unix socket.
    pub fn socket(&self) -> PathBuf {
        self.dir.join("server.sock")
    }

    /// The bus's unix socket.
    pub fn nats_socket(&self) -> PathBuf {
        self.dir.join("nats.sock")
    }

    /// The directory of the holders' sockets.
    pub fn holders(&self) -> PathBuf {
        self.dir.join("t")
    }

    /// The server's log, in the state directory, so that it survives a boot; in
    /// a home that cannot be written, beside the socket.
    pub fn log(&self) -> PathBuf {
        if !files::can_be_made(&dirs::state()) {
            return self.dir.join("server.log");
        }
        let name = self
            .dir
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        dirs::state().join(format!("server-{name}.log"))
    }

    /// The record of its server's run, without an extension; it survives a boot
    /// too.
    pub fn run(&self) -> PathBuf {
        dirs::state().join(format!("run-{}", self.lasting))
    }

    /// Where the connection information stands.
    pub fn connection_file(&self) -> PathBuf {
        self.dir.join("connection.json")
    }

    /// Takes the lock of a live server, or tells by `None` that one has it.
    ///
    /// # Errors
    /// When the lock file cannot be opened.
    pub fn lock(&self) -> io::Result<Option<Lock>> {
        Lock::try_take(&self.lock_path())
    }

    /// Says whether a lock is still the one that others will ask for.
    pub fn is_locked_by(&self, lock: &Lock) -> bool {
        lock.is_current(&self.lock_path())
    }

    fn lock_path(&self) -> PathBuf {
        self.dir.join("lock")
    }

    /// Reads the connection file; `None` when there is none or it is not whole.
    ///
    /// It is written whole and then renamed, so one that is not whole was
    /// damaged: it is kept as `connection.json.broken`, and a server that runs
    /// writes a new one within seconds.
    pub fn connection(&self) -> Option<ConnectionInfo> {
        let path = self.connection_file();
        let content = fs::read(&path).ok()?;
        serde_json::from_slice(&content)
            .inspect_err(|error| {
                let kept_as = path.with_extension("json.broken");
                tracing::warn!(path = %path.display(), %error, "the connection file is damaged; kept as {}", kept_as.display());
                // A file that cannot be moved will be written over.
                let _ = fs::rename(&path, kept_as);
            })
            .ok()
    }

    /// Reads the connection file of a server that runs.
    pub fn running(&self) -> Option<ConnectionInfo> {
        self.connection().filter(|info| identity(info).is_alive())
    }

    /// Says whether a server ran here and was killed rather than stopped.
    pub fn was_killed(&self) -> bool {
        self.connection()
            .is_some_and(|info| !identity(&info).is_alive())
    }

    /// Publishes the connection information, after listening.
    ///
    /// # Errors
    /// Whatever writing says.
    pub fn publish(&self, info: &ConnectionInfo) -> io::Result<()> {
        files::write_private(&self.connection_file(), &encode(info))
    }

    /// Removes what a server published, at its end.
    pub fn retract(&self) {
        let _ = fs::remove_file(self.connection_file());
        let _ = fs::remove_file(self.socket());
        let _ = fs::remove_file(self.nats_socket());
    }

    /// Ends the running server: SIGTERM, a grace, SIGKILL.
    pub async fn stop(&self) -> Ended {
        let Some(info) = self.running() else {
            // Papers of a dead server; one that is starting has the lock.
            if let Ok(Some(_lock)) = self.lock() {
                self.retract();
            }
            return Ended::WasNotRunning;
        };
        let server = identity(&info);
        server.signal(End::Politely);
        if process::wait_gone(&server, STOP_GRACE).await {
            return Ended::Politely;
        }
        server.signal(End::AtOnce);
        process::wait_gone(&server, STOP_GRACE).await;
        self.retract();
        Ended::Killed
    }
}

/// Names an instance's directory by user id, host name, boot, data directory
/// and job, of whichever machine.
pub fn name(parts: &[&str; 5]) -> String {
    let digest = Sha256::digest(parts.join("\0"));
    digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Writes a copy of the connection information for another program.
///
/// # Errors
/// Whatever writing says.
pub fn write_copy(info: &ConnectionInfo, path: &Path) -> io::Result<()> {
    files::write_private(path, &encode(info))
}

/// Returns the process that a connection file speaks of.
pub fn identity(info: &ConnectionInfo) -> Identity {
    Identity {
        pid: info.pid,
        start: info.process_start.clone(),
        boot_id: info.boot_id.clone(),
    }
}

fn encode(info: &ConnectionInfo) -> Vec<u8> {
    serde_json::to_vec(info).expect("strings and numbers serialise")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info_of(identity: &Identity) -> ConnectionInfo {
        ConnectionInfo {
            port: 1,
            token: "t".into(),
            pid: identity.pid,
            started_at: 0,
            socket: "/s".into(),
            version: "0".into(),
            id: "i".into(),
            process_start: identity.start.clone(),
            boot_id: identity.boot_id.clone(),
            ui: "u".into(),
            nats_socket: "n".into(),
            nats_port: None,
            outside: None,
            previous: None,
        }
    }

    #[test]
    fn a_dead_pid_that_is_someone_elses_now_is_not_running() {
        let dir = tempfile::tempdir().unwrap();
        let runtime = dir.path().join("run");
        let instance = Instance::below(&runtime, Path::new("/data"), "").unwrap();
        let mut me = Identity::of_self();
        instance.publish(&info_of(&me)).unwrap();
        assert!(instance.running().is_some());
        me.start = "0".into();
        instance.publish(&info_of(&me)).unwrap();
        assert!(instance.running().is_none());
        assert!(instance.was_killed());
    }

    #[test]
    fn data_directory_and_job_make_instances_of_their_own() {
        let dir = tempfile::tempdir().unwrap();
        let runtime = dir.path().join("run");
        let plain = Instance::below(&runtime, Path::new("/a"), "").unwrap();
        assert_eq!(
            plain,
            Instance::below(&runtime, Path::new("/a"), "").unwrap()
        );
        assert_ne!(
            plain,
            Instance::below(&runtime, Path::new("/b"), "").unwrap()
        );
        assert_ne!(
            plain,
            Instance::below(&runtime, Path::new("/a"), "17").unwrap()
        );
    }

    #[test]
    fn a_broken_connection_file_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let instance = Instance::below(&dir.path().join("run"), Path::new("/a"), "").unwrap();
        fs::write(instance.connection_file(), "{\"port\":").unwrap();
        assert!(instance.connection().is_none());
        assert!(!instance.was_killed());
        assert!(
            instance
                .connection_file()
                .with_extension("json.broken")
                .exists()
        );
    }
}
