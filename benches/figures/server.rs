//! A server on a laptop itself, as `serve --daemon` leaves it.

use std::path::Path;
use std::time::Duration;

use crate::support::finished;
use crate::support::laptop::Laptop;
use crate::support::visitor::Visitor;

/// How long a server may take to listen.
const DEADLINE: Duration = Duration::from_secs(60);

/// Starts a server by this program and signs in; it ends with the laptop.
pub(crate) fn start(laptop: &Laptop, program: &Path) -> Visitor {
    let mut serve = laptop.command(program);
    serve.args(["serve", "--daemon", "--json"]);
    let started = finished::run(&mut serve, DEADLINE).success().json();
    Visitor::sign_in(started["url"].as_str().expect("a URL"))
}
