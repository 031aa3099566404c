//! sshds and login shells as they are found in the world.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::support::laptop::Laptop;
use crate::support::login::{Login, Shell};
use crate::support::poll::eventually;
use crate::support::sshd::Sshd;
use crate::support::targets::{SOON, connected_to};
use crate::support::temporary_directory;

#[test]
fn no_forwarding_and_one_session_suffice() {
    let sshd = Sshd::builder()
        .line("DisableForwarding yes")
        .line("MaxSessions 1")
        .start();
    let (sshd, laptop) = connected_to(sshd);
    let visitor = laptop.visit("box");
    visitor.open_terminal().line("echo $((6*7))").expect("42");
    assert_eq!(visitor.get("/customize").status, 200);
    let counts = sshd.counts();
    assert_eq!((counts.authentications, counts.execs), (1, 1));
}

#[test]
fn one_session_is_waited_for_when_a_tunnel_was_killed() {
    let (sshd, laptop) = connected_to(Sshd::builder().line("MaxSessions 1").start());
    let (before, masters) = (sshd.counts(), laptop.masters());
    laptop.kill_tunnel("box");
    laptop.connect("box");
    let (cost, is_fresh) = (sshd.counts() - before, laptop.masters() != masters);
    // A login that made no master of ours would be one of ssh's own.
    assert_eq!(cost.authentications, usize::from(is_fresh));
    assert_eq!(cost.connections, usize::from(is_fresh));
}

#[test]
fn a_noisy_bash_is_passed() {
    passes_noise(Shell::Bash);
}

#[test]
fn a_noisy_dash_is_passed() {
    passes_noise(Shell::Dash);
}

#[test]
fn a_noisy_zsh_is_passed() {
    passes_noise(Shell::Zsh);
}

#[test]
fn a_noisy_fish_is_passed() {
    passes_noise(Shell::Fish);
}

#[test]
fn a_noisy_tcsh_is_passed() {
    passes_noise(Shell::Tcsh);
}

#[test]
fn a_noisy_mksh_is_passed() {
    passes_noise(Shell::Mksh);
}

#[test]
fn a_noisy_ash_is_passed() {
    passes_noise(Shell::Ash);
}

#[test]
fn a_banner_stays_out_of_stdout() {
    let folder = temporary_directory();
    let banner = folder.path().join("banner");
    fs::write(&banner, "Authorised use only.\n").expect("the directory is ours");
    let line = format!("Banner {}", banner.display());
    let sshd = Sshd::builder().line(&line).line("PrintMotd yes").start();
    let finished = Laptop::with_target("box", &sshd)
        .try_connect("box", &[])
        .success();
    assert_eq!(finished.json()["target"], "box");
    assert!(
        finished.stderr.contains("Authorised use only."),
        "{finished:#?}"
    );
}

#[test]
fn an_rc_file_that_ends_the_shell_is_named() {
    let sshd = Sshd::start();
    sshd.write_home(".bashrc", "echo module load failed >&2\nexit 3\n");
    let laptop = Laptop::with_target("box", &sshd);
    let finished = laptop.try_connect("box", &[]).failure(24);
    assert!(
        finished.stderr.contains("module load failed"),
        "{finished:#?}"
    );
    assert!(finished.stderr.contains("\nhint: "), "{finished:#?}");
}

#[test]
fn forwards_and_commands_of_the_users_configuration_are_not_made_twice() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    let free = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    let address = free.local_addr().expect("it is bound");
    drop(free);
    laptop.add_ssh_config(&format!("  LocalForward {} localhost:1", address.port()));
    laptop.add_ssh_config("  RemoteCommand echo hijacked\n  PermitLocalCommand yes");
    laptop.add_ssh_config(&format!(
        "  LocalCommand touch {}",
        laptop.file("made").display()
    ));
    laptop
        .visit("box")
        .open_terminal()
        .line("echo $((6*7))")
        .expect("42");
    assert!(
        TcpListener::bind(address).is_ok(),
        "the master took the forward"
    );
    assert!(!laptop.file("made").exists(), "the local command ran");
}

#[test]
fn a_persistent_master_of_the_user_is_borrowed_and_never_ended() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    let users = UsersMaster::start(&laptop);
    let before = sshd.counts();
    laptop.connect("box");
    assert_eq!((sshd.counts() - before).authentications, 0);
    laptop.run(&["ssh", "stop", "box"]).success();
    assert!(users.is_alive(), "`ssh stop` ended the user's own master");
    assert_eq!((sshd.counts() - before).connections, 0);
}

#[test]
fn a_password_is_asked_for_once() {
    let Some(login) = Login::with_password() else {
        return;
    };
    let password = login.password().expect("it has one").to_owned();
    let sshd = Sshd::builder().login(login).start();
    let laptop = Laptop::with_target("box", &sshd);
    let output = answer_once(&laptop, "password: ", &password);
    assert!(
        !output.contains(&password),
        "the password was shown: {output}"
    );
    assert_eq!((sshd.counts().authentications, sshd.counts().execs), (1, 1));
    laptop.kill_tunnel("box");
    laptop.connect("box");
    assert_eq!(sshd.counts().authentications, 1);
}

#[test]
fn a_second_factor_is_asked_for_once() {
    let Some(login) = Login::with_password() else {
        return;
    };
    let password = login.password().expect("it has one").to_owned();
    let sshd = Sshd::builder()
        .login(login)
        .line("PubkeyAuthentication yes")
        .line("AuthenticationMethods publickey,password")
        .start();
    let laptop = Laptop::with_target("box", &sshd);
    answer_once(&laptop, "password: ", &password);
    assert_eq!((sshd.counts().authentications, sshd.counts().execs), (1, 1));
}

#[test]
fn a_keys_passphrase_is_asked_for_once() {
    let sshd = Sshd::start();
    sshd.protect_client_key("open sesame");
    let laptop = Laptop::with_target("box", &sshd);
    answer_once(&laptop, "Enter passphrase for key", "open sesame");
    assert_eq!((sshd.counts().authentications, sshd.counts().execs), (1, 1));
}

#[test]
fn an_agent_answers_now_and_in_later_commands() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    let agent = Agent::holding(&laptop, &sshd);
    sshd.protect_client_key("open sesame");
    let option = format!("-oIdentityAgent={}", agent.socket.display());
    laptop.connect_with("box", &["--ssh-arg", &option]);
    laptop.kill_tunnel("box");
    laptop.kill_masters();
    laptop.connect("box");
    assert_eq!((sshd.counts().authentications, sshd.counts().execs), (2, 2));
}

#[test]
fn where_nobody_can_answer_a_password_is_an_error() {
    let Some(login) = Login::with_password() else {
        return;
    };
    let sshd = Sshd::builder().login(login).start();
    let laptop = Laptop::with_target("box", &sshd);
    let finished = laptop.try_connect("box", &[]).failure(10);
    assert!(finished.stderr.contains("hint: ssh box"), "{finished:#?}");
}

/// Connects through a login shell whose startup file says this and that.
#[track_caller]
fn passes_noise(shell: Shell) {
    let Some(login) = Login::with_shell(shell) else {
        return;
    };
    let sshd = Sshd::builder().login(login).start();
    if let Some(file) = shell.rc_file() {
        let noise = "echo Welcome, @@ccp- user\necho error: none >&2\nprintf 'no newline'\n";
        sshd.write_home(file, noise);
    }
    let laptop = Laptop::with_target("box", &sshd);
    let mut terminal = laptop.visit("box").open_terminal();
    assert_eq!(terminal.hello.title, shell.name());
    terminal.line("expr 6 '*' 7").expect("42");
    assert_eq!((sshd.counts().authentications, sshd.counts().execs), (1, 1));
}

/// Connects on a terminal and answers the one question.
#[track_caller]
fn answer_once(laptop: &Laptop, question: &str, answer: &str) -> String {
    let mut person = laptop.on_terminal(&["ssh", "box", "--no-open"]);
    person
        .expect(question)
        .answer(answer)
        .expect("http://localhost:");
    assert!(person.end().success());
    let output = person.output();
    assert_eq!(output.matches(question).count(), 1, "{output}");
    output
}

/// An ssh agent of the person's; drop ends it.
struct Agent {
    socket: PathBuf,
    process: Child,
}

impl Agent {
    /// Starts an agent that holds the key of this sshd's user.
    fn holding(laptop: &Laptop, sshd: &Sshd) -> Self {
        let socket = laptop.runtime().with_file_name("agent");
        let mut command = laptop.command(Path::new("ssh-agent"));
        let process = command
            .arg("-D")
            .arg("-a")
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn();
        let agent = Self {
            socket,
            process: process.expect("ssh-agent is with ssh"),
        };
        let listens = || agent.socket.exists().then_some(());
        eventually("the agent listens", SOON, listens);
        let mut add = laptop.command(Path::new("ssh-add"));
        add.arg("-q")
            .arg(sshd.client_key())
            .env("SSH_AUTH_SOCK", &agent.socket);
        assert!(add.status().expect("ssh-add is with ssh").success());
        agent
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A master of the person's own, `ControlPersist yes`; drop ends it.
struct UsersMaster<'a>(&'a Laptop);

impl<'a> UsersMaster<'a> {
    #[track_caller]
    fn start(laptop: &'a Laptop) -> Self {
        let path = laptop.file("users-own");
        laptop.add_ssh_config("  ControlMaster auto\n  ControlPersist yes");
        laptop.add_ssh_config(&format!("  ControlPath {}", path.display()));
        let master = Self(laptop);
        laptop.ssh(&["box", "true"]).success();
        assert!(master.is_alive());
        master
    }

    fn is_alive(&self) -> bool {
        self.0.ssh(&["-O", "check", "box"]).status.success()
    }
}

impl Drop for UsersMaster<'_> {
    fn drop(&mut self) {
        // Its environment is overwritten by its title, so the laptop does not
        // find it among its processes.
        let _ = self
            .0
            .command("ssh".as_ref())
            .args(["-O", "exit", "box"])
            .output();
    }
}
