//! How programs begin and end, who is told, and what a listing finds.

use super::*;

#[tokio::test]
async fn a_program_that_ends_unseen_waits_for_its_first_page() {
    let held = Held::new("echo rc file is broken; kill -9 $$");
    // A listing is not a page.
    held.listed(|row| row.id == "t1").await;
    let mut page = held.page("a").await;
    assert!(page.last_words().await.contains("rc file is broken"));
    assert_eq!(
        page.exit,
        Some(Exit {
            code: None,
            signal: Some(9)
        })
    );
    let socket = held.socket();
    held.ended().await;
    assert!(!socket.exists());
}

#[tokio::test]
async fn an_end_that_no_page_was_told_is_kept() {
    let held = Held::new("read x; echo bye; exit 7");
    let mut page = held.page("a").await;
    page.say("\n").await;
    page.until("bye").await;
    // Its link breaks before it hears more.
    drop(page);
    let exit = Exit {
        code: Some(7),
        signal: None,
    };
    held.listed(|row| row.exit == Some(exit)).await;
    std::fs::remove_file(held.socket()).unwrap();
    held.wishes.send(Wish::ListenAgain).await.unwrap();
    held.listed(|row| row.exit == Some(exit)).await;
    let mut back = held.page("a").await;
    assert!(back.last_words().await.contains("bye"));
    assert_eq!(back.exit, Some(exit));
    assert_eq!(held.ended().await, exit);
}

#[tokio::test]
async fn an_ended_terminal_can_be_killed() {
    let held = Held::new("exit 7");
    held.listed(|row| row.exit.is_some()).await;
    kill(&held.sockets(), "t1").await.unwrap();
    held.ended().await;
}

#[tokio::test]
async fn all_output_comes_before_the_end() {
    for _ in 0..20 {
        let held = Held::new("seq 1 20000; echo last");
        let mut page = held.returning("a", Some(0)).await;
        assert!(
            page.last_words()
                .await
                .ends_with("19999\r\n20000\r\nlast\r\n")
        );
        assert_eq!(
            page.exit,
            Some(Exit {
                code: Some(0),
                signal: None
            })
        );
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_kill_ends_the_session_with_its_jobs() {
    let script = "set -m; sleep 1000 & echo job $!; (sleep 1001; :) & echo job $!; \
                  sh -c 'trap \"\" HUP; echo nohup $$; exec sleep 1002' & \
                  setsid sh -c 'echo away $$; exec sleep 1003' & sleep 1004";
    let held = Held::new(script);
    let mut page = held.returning("a", Some(0)).await;
    for word in ["away ", "nohup ", "job "] {
        page.until(word).await;
    }
    page.say("\n").await;
    page.until("\r\n\r\n").await;
    kill(&held.sockets(), "t1").await.unwrap();
    let said = page.last_words().await;
    assert!(page.exit.is_some());
    let pids = |word: &str| -> Vec<String> {
        let lines = said.lines().filter_map(|line| line.strip_prefix(word));
        lines.map(|pid| pid.trim().to_owned()).collect()
    };
    let lives = |pid: &String| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    };
    assert_eq!(pids("job ").len(), 2);
    assert!(!pids("job ").iter().any(lives), "{said}");
    for word in ["nohup ", "away "] {
        let [pid] = &pids(word)[..] else {
            panic!("{said}")
        };
        assert!(lives(pid), "{word}: {said}");
        let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }
}

#[tokio::test]
async fn a_program_that_ignores_the_hang_up_is_killed() {
    let held = Held::new("trap '' HUP TERM INT; echo on; while :; do read x; done");
    let mut page = held.page("a").await;
    page.until("on").await;
    page.writer.send(&Frame::Kill).await.unwrap();
    page.last_words().await;
    assert_eq!(
        page.exit,
        Some(Exit {
            code: None,
            signal: Some(9)
        })
    );
}

#[tokio::test]
async fn a_listing_shows_the_living_and_removes_the_dead() {
    let held = Held::new("exec cat");
    let dir = held.sockets();
    drop(std::os::unix::net::UnixListener::bind(dir.join("dead.sock")).unwrap());
    std::fs::write(dir.join("notes.txt"), "").unwrap();
    let rows = list(&dir).await;
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].id.as_str(), rows[0].title.as_str()), ("t1", "sh"));
    assert!(!dir.join("dead.sock").exists() && dir.join("notes.txt").exists());
    assert!(list(Path::new("/nowhere")).await.is_empty());
    kill(&dir, "t1").await.unwrap();
    assert!(matches!(kill(&dir, "../t1").await, Err(Error::Id { .. })));
    held.ended().await;
    assert!(matches!(kill(&dir, "t1").await, Err(Error::Gone { .. })));
}

#[tokio::test]
async fn a_program_that_is_not_there_is_an_error() {
    let program = Program {
        path: "/nowhere/sh".into(),
        argv0: "-sh".into(),
        args: Vec::new(),
        cwd: "/".into(),
        env: Vec::new(),
    };
    let size = Size { cols: 80, rows: 24 };
    let error = process::Holder::start(&program, "t1", size, screen::DEFAULT_ROWS).unwrap_err();
    assert!(matches!(error, Error::Program { .. }));
}

#[tokio::test]
async fn a_terminal_whose_directory_was_deleted_is_found_again() {
    let held = Held::new("read x; echo got $x; read bye");
    let mut page = held.page("a").await;
    std::fs::remove_dir_all(held.sockets()).unwrap();
    assert!(list(&held.sockets()).await.is_empty());
    held.wishes.send(Wish::ListenAgain).await.unwrap();
    held.listed(|row| row.id == "t1").await;
    page.say("it\n").await;
    page.until("got it").await;
    held.page("b").await.until("got it").await;
}
