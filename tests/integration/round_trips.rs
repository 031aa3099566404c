//! How many round trips a connect takes, counted by a link with delay.
//!
//! The same connect is timed without delay and with a long one; the
//! difference, in round trips, is what the protocol waits for. Limits are the
//! aims of the design, plus one.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::support::finished::Finished;
use crate::support::laptop::Laptop;
use crate::support::login::{Login, Shell};
use crate::support::sshd::Sshd;
use crate::support::wan::Wan;

/// Long against what a busy machine adds by itself.
const FAR: Duration = Duration::from_millis(400);

/// What one ssh channel has under way at most, `CHAN_SES_WINDOW_DEFAULT`.
const WINDOW_BYTES: f64 = (2 << 20) as f64;

#[test]
fn a_live_connect_takes_one_round_trip() {
    let Some((_sshd, wan, laptop)) = distant() else {
        return;
    };
    let taken = round_trips(&wan, || connect(&laptop).elapsed);
    assert!(taken <= 1 + 1, "{taken}");
}

#[test]
fn a_warm_connect_takes_two_round_trips() {
    let Some((_sshd, wan, laptop)) = distant() else {
        return;
    };
    let taken = round_trips(&wan, || {
        laptop.kill_tunnel("box");
        connect(&laptop).elapsed
    });
    assert!(taken <= 2 + 1, "{taken}");
}

#[test]
fn a_cold_connect_takes_nine_round_trips() {
    let Some((_sshd, wan, laptop)) = distant() else {
        return;
    };
    let taken = round_trips(&wan, || {
        laptop.kill_tunnel("box");
        laptop.kill_masters();
        connect(&laptop).elapsed
    });
    assert!(taken <= 9 + 1, "{taken}");
}

#[test]
fn installing_takes_two_more_round_trips_besides_the_bytes() {
    let Some((sshd, wan, laptop)) = distant() else {
        return;
    };
    let taken = round_trips(&wan, || {
        laptop.run(&["ssh", "stop", "box"]).success();
        fs::remove_dir_all(sshd.home().join(".cocalc-plus")).expect("it is installed");
        let finished = connect(&laptop);
        assert_eq!(finished.json()["installed"], true);
        finished.elapsed - upload(&finished.json())
    });
    assert!(taken <= 9 + 2 + 1, "{taken}");
}

#[test]
fn an_upload_waits_for_nothing_but_the_channels_window() {
    let Some((sshd, wan, laptop)) = distant() else {
        return;
    };
    wan.set_round_trip(FAR);
    laptop.run(&["ssh", "stop", "box"]).success();
    fs::remove_dir_all(sshd.home().join(".cocalc-plus")).expect("it is installed");
    let before = wan.bytes_up();
    let taken = upload(&connect(&laptop).json()).as_secs_f64() / FAR.as_secs_f64();
    let windows = (wan.bytes_up() - before) as f64 / WINDOW_BYTES;
    assert!(
        taken <= windows + 2.0,
        "{taken} round trips for {windows} windows"
    );
}

/// Connects a laptop through a link to an sshd whose login shell is quiet.
fn distant() -> Option<(Sshd, Wan, Laptop)> {
    let sshd = Sshd::builder()
        .login(Login::with_shell(Shell::Dash)?)
        .start();
    let (wan, laptop) = Wan::with_laptop("box", &sshd);
    laptop.connect("box");
    Some((sshd, wan, laptop))
}

fn connect(laptop: &Laptop) -> Finished {
    laptop.try_connect("box", &[]).success()
}

/// Returns how long the upload took.
fn upload(connected: &Value) -> Duration {
    let milliseconds = connected["timings_ms"]["upload"].as_u64();
    Duration::from_millis(milliseconds.expect("it was uploaded"))
}

/// Counts round trips; what is not one does not depend on the distance.
fn round_trips(wan: &Wan, mut connect: impl FnMut() -> Duration) -> u32 {
    wan.set_round_trip(Duration::ZERO);
    let near = median(&mut connect);
    wan.set_round_trip(FAR);
    let far = median(&mut connect);
    let taken = far.saturating_sub(near).as_secs_f64() / FAR.as_secs_f64();
    taken.round() as u32
}

fn median(connect: &mut impl FnMut() -> Duration) -> Duration {
    let mut taken = [connect(), connect(), connect()];
    taken.sort();
    taken[1]
}
