//! What a browser loads before it paints: the index and what that names.
//!
//! Counted as they travel, gzipped; headers are not counted.

use crate::row::{Row, Unit};
use crate::sample::{Runs, Samples};
use crate::support::http::{Request, Response};
use crate::support::laptop::Laptop;
use crate::support::served::Served;

/// Takes the figure; it does not vary.
pub(crate) fn rows(_: Runs) -> Vec<Row> {
    let laptop = Laptop::new();
    let served = Served::start(&laptop, &[]);
    let ask = |path: &str, encoding: &str| {
        let request = Request::get(path).header("accept-encoding", encoding);
        let answer = request.send(&served.address());
        assert_eq!(answer.status, 200, "`{path}`: {answer:?}");
        answer
    };
    let index = ask("/", "identity").body;
    let named = ["src=\"", "href=\""]
        .into_iter()
        .flat_map(|before| index.split(before).skip(1));
    let paths = named.filter_map(|rest| rest.split('"').next());
    let paths = ["/"]
        .into_iter()
        .chain(paths.filter(|path| path.starts_with('/')));
    let total: f64 = paths.map(|path| length(&ask(path, "gzip"))).sum();
    vec![Row::alone(
        "page before first paint, gzipped",
        Unit::Bytes,
        Samples(vec![total]),
        "≤ 0.15 MB",
    )]
}

fn length(answer: &Response) -> f64 {
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    let length = answer
        .header("content-length")
        .and_then(|text| text.parse().ok());
    length.expect("a file of the page has a length")
}
