//! The methods as a manual page, `cocalc-plus-api(7)`.

use std::fmt::Write as _;

use crate::protocol::methods::{self, About, Effect, Replies};
use crate::typescript::{self, ident, sentence};

/// Where it lies below the repository's root.
pub(crate) const PATH: &str = "man/cocalc-plus-api.7";

const DESCRIPTION: &str = "\
A running server answers the methods below at the subjects \\fBproject.local.\\fINAME\\fR
of its bus, which speaks the NATS client protocol: on the unix socket and the
port that its connection file names, and as a WebSocket at \\fB/conat\\fR. A request
is one JSON object; an empty one is \\fB{}\\fR. Unknown fields are ignored.
.PP
The same is asked over HTTP by \\fBPOST /call\\fR with
\\fB{\"id\":1,\"subject\":\"project.local.terminal.list\",\"payload\":{}}\\fR, answered by
\\fB{\"id\":1,\"payload\":\\fR…\\fB}\\fR or \\fB{\"id\":1,\"error\":{\"code\":404,\"message\":\\fR…\\fB}}\\fR.
";

const STREAMS: &str = "\
A method with many replies sends each to the reply subject of the request, and an
empty message behind the last. Each carries a reply subject: an empty message
there stops it. Where nothing was to be told for 30 s, \\fB{}\\fR is sent with the
header \\fBStream-Keep-Alive\\fR. With the header \\fBStream-Window: \\fIBYTES\\fR in the
request no more than so much is on its way that was not acknowledged: by a number,
to the reply subject of a reply, that says how many were taken.
.PP
With the header \\fBMessage-Limit: \\fIBYTES\\fR an answer that is larger than one
message comes in pieces with the header \\fBMessage-Chunk: \\fIID N COUNT\\fR; without it,
it is refused with 413.
";

const DISCOVERY: &str = "\
The server is the service \\fBproject-local\\fR of the NATS convention: it answers at
\\fB$SRV.PING\\fR, \\fB$SRV.INFO\\fR and \\fB$SRV.STATS\\fR, and with its name behind them.
";

/// The codes of refusals; those of HTTP.
const CODES: [(&str, &str); 11] = [
    ("400", "the request is malformed"),
    ("403", "it is not allowed"),
    ("404", "what it names is not there"),
    ("408", "it took too long"),
    ("409", "something is in the way; a `reason` says what"),
    ("413", "it is too large"),
    ("429", "too many of its kind are under way"),
    ("499", "it was cancelled"),
    ("500", "it failed inside the server"),
    ("503", "nobody answers that subject"),
    ("507", "the disk is full"),
];

/// Returns the whole page.
pub(crate) fn render() -> String {
    let mut page = format!(
        ".TH cocalc-plus-api 7 \"\" {} cocalc-plus\n.SH NAME\ncocalc\\-plus\\-api \\- what a \
         server answers to programs\n.SH DESCRIPTION\n{DESCRIPTION}.SH METHODS\n",
        env!("CARGO_PKG_VERSION")
    );
    methods::all().for_each(|about| method(&mut page, about));
    page.push_str(".SH MANY REPLIES, LARGE ONES\n");
    page.push_str(STREAMS);
    page.push_str(
        ".SH ERRORS\nThey travel in the headers \\fBNats-Service-Error-Code\\fR and \
                   \\fBNats-Service-Error\\fR, with an empty payload.\n",
    );
    for (code, meaning) in CODES {
        write!(page, ".TP\n\\fB{code}\\fR\n{}\n", escaped(meaning)).expect("it is a string");
    }
    page.push_str(".SH DISCOVERY\n");
    page.push_str(DISCOVERY);
    page.push_str(".SH SHAPES\nIn the words of TypeScript; \\fB?\\fR may be left out.\n.nf\n");
    for shape in typescript::shapes() {
        let text = format!("\n{}{}\n", shape.docs, shape.declaration);
        page.push_str(&escaped(&text));
    }
    page.push_str(".fi\n.SH SEE ALSO\n\\fBcocalc-plus-serve\\fR(1)\n");
    page
}

fn method(page: &mut String, about: &About) {
    let (request, reply) = (ident(about.request), ident(about.reply));
    let many = match about.replies {
        Replies::One => "",
        Replies::Many => ", many",
    };
    let effect = match about.effect {
        Effect::Reads => " It changes nothing.",
        Effect::Changes => "",
    };
    let text = format!("{}{effect}", sentence(about));
    write!(
        page,
        ".TP\n\\fB{}\\fR \\fI{request}\\fR → \\fI{reply}\\fR{many}\n{} The first reply comes within {} s.\n",
        about.name,
        escaped(&text),
        about.deadline.as_secs()
    )
    .expect("it is a string");
}

/// Says it so that troff shows it as it is.
fn escaped(text: &str) -> String {
    let lines = text.replace('\\', "\\e").replace('-', "\\-");
    let lines = lines.split('\n').map(|line| match line.as_bytes() {
        [b'.' | b'\'', ..] => format!("\\&{line}"),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}
