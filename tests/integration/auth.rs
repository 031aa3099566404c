//! Who gets in, at both doors: the server's own and the tunnel's.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::account::Account;
use crate::support::doors::Door;
use crate::support::http::Request;
use crate::support::laptop::Laptop;
use crate::support::served::Served;
use crate::support::visitor::{Visitor, spend};
use crate::support::{find_program, set_mode, skip};

/// Routes behind the door, some of which do not exist.
const GUARDED: [&str; 14] = [
    "/customize",
    "/call",
    "/files/list?path=/",
    "/files/content?path=/etc/passwd",
    "/files/ticket",
    "/files/get?ticket=abc",
    "/files/upload/abc?offset=0",
    "/session",
    "/terminal/t1",
    "/stop",
    "/blobs",
    "/conat",
    "/nothing",
    "/assets/../x",
];

#[test]
fn without_credentials_every_route_but_the_public_ones_is_401() {
    for door in Door::both() {
        for path in GUARDED {
            for method in ["GET", "POST", "DELETE", "OPTIONS"] {
                let answer = door.send(&Request::new(method, path));
                assert_eq!(answer.status, 401, "{} {method} {path}", door.kind);
            }
        }
    }
}

#[test]
fn the_page_its_files_and_its_health_are_public() {
    for door in Door::both() {
        let page = door.send(&Request::get("/"));
        assert_eq!(page.status, 200, "{}", door.kind);
        let script = asset(&page.body);
        assert_eq!(door.send(&Request::get(&script)).status, 200, "{script}");
        assert_eq!(
            door.send(&Request::get("/healthz")).json(),
            json!({ "ok": true })
        );
        let me = door.send(&Request::get("/auth/me"));
        let said = me.json();
        assert_eq!((me.status, &said["signed_in"]), (200, &json!(false)));
        assert!(said["status"].is_null(), "{said}");
    }
}

#[test]
fn am_i_signed_in_is_200_and_names_the_workspace_and_where_it_stands() {
    for door in Door::both() {
        let visitor = door.sign_in();
        let me = visitor.get("/auth/me");
        let workspace = format!("http://{}.localhost:{}", door.name, door.port);
        let first: Value =
            serde_json::from_str(&visitor.websocket("/session").text()).expect("a status is JSON");
        let mut said = me.json();
        let status = said["status"].take();
        let challenge = said["challenge"].take();
        assert_eq!(challenge.as_str().map(str::len), Some(43), "{}", door.kind);
        let expected = json!({
            "signed_in": true, "name": door.name, "workspace": workspace, "status": null,
            "challenge": null,
        });
        assert_eq!((me.status, said), (200, expected), "{}", door.kind);
        for part in ["target", "state", "project", "ui"] {
            assert_eq!(status[part], first[part], "{}", door.kind);
        }
    }
}

#[test]
fn a_code_works_once_and_by_post_only() {
    for door in Door::both() {
        for path in ["/", "/auth/code"] {
            door.send(&Request::get(&format!("{path}?auth_token={}", door.code())));
        }
        assert_eq!(spend(door.port, "wrong").status, 401);
        assert_eq!(
            spend(door.port, door.code()).status,
            200,
            "{}: a GET spent it",
            door.kind
        );
        let again = spend(door.port, door.code());
        assert_eq!((again.status, again.header("set-cookie")), (401, None));
    }
}

#[test]
fn nobody_comes_back_without_a_proof() {
    for door in Door::both() {
        let me = door.sign_in().get("/auth/me").json();
        let challenge = me["challenge"].as_str().expect("a text");
        for proof in ["", challenge, &door.token, &"0".repeat(64)] {
            let answer = door.send(&Request::post("/auth/resume", &json!({ "proof": proof })));
            assert_eq!((answer.status, answer.header("set-cookie")), (401, None));
        }
    }
}

#[test]
fn the_token_works_in_place_of_a_code_and_stays() {
    for door in Door::both() {
        for _ in 0..2 {
            assert_eq!(spend(door.port, &door.token).status, 200, "{}", door.kind);
        }
    }
}

#[test]
fn the_cookie_is_hidden_from_scripts_and_other_sites_and_names_its_port() {
    for door in Door::both() {
        let answer = spend(door.port, door.code());
        let cookie = answer.header("set-cookie").expect("a cookie");
        assert!(
            cookie.starts_with(&format!("cocalc-plus-{}=", door.port)),
            "{cookie}"
        );
        let attributes: Vec<_> = cookie.split("; ").skip(1).collect();
        for wanted in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(attributes.contains(&wanted), "{wanted}: {attributes:?}");
        }
        assert!(
            !attributes
                .iter()
                .any(|attribute| attribute.starts_with("Domain")),
            "{attributes:?}"
        );
    }
}

#[test]
fn cookie_and_key_are_both_needed() {
    for door in Door::both() {
        let visitor = door.sign_in();
        let ask = Request::get("/customize");
        let cookie = ask.clone().header("cookie", &visitor.cookie_header());
        let key = ask.clone().header("x-cocalc-plus-key", &visitor.key);
        assert_eq!(
            door.send(&cookie).status,
            401,
            "{}: a cookie without key",
            door.kind
        );
        assert_eq!(
            door.send(&key).status,
            401,
            "{}: a key without cookie",
            door.kind
        );
        assert_eq!(door.send(&visitor.signed(ask)).status, 200);
    }
}

#[test]
fn a_websocket_takes_the_key_as_a_protocol() {
    for door in Door::both() {
        let visitor = door.sign_in();
        assert!(
            visitor
                .websocket("/session")
                .text()
                .contains("\"state\":\"ready\"")
        );
        let strangers = Visitor {
            key: "wrong".to_owned(),
            ..visitor
        };
        let refused = strangers
            .try_websocket("/session")
            .err()
            .expect("it is refused");
        assert!(refused.contains("401"), "{}: {refused}", door.kind);
    }
}

#[test]
fn a_foreign_origin_is_403_even_with_credentials() {
    for door in Door::both() {
        let visitor = door.sign_in();
        let port = door.port;
        let here = format!("http://{}.localhost:{port}", door.name);
        for origin in [
            "http://evil.example",
            "null",
            "",
            "http://localhost:1",
            "https://localhost",
            &here,
        ] {
            for path in ["/customize", "/", "/auth/code", "/healthz"] {
                let request = visitor.signed(Request::get(path)).header("origin", origin);
                assert_eq!(
                    door.send(&request).status,
                    403,
                    "{} {origin} {path}",
                    door.kind
                );
            }
        }
    }
}

#[test]
fn a_foreign_host_is_403_even_with_credentials() {
    for door in Door::both() {
        let visitor = door.sign_in();
        let port = door.port;
        let rebound = format!("evil.example:{port}");
        let other = format!("other.localhost:{port}");
        let address = format!("127.0.0.1:{port}");
        for host in ["evil.example", "localhost", "", &rebound, &other, &address] {
            let request = visitor
                .signed(Request::get("/customize"))
                .header("host", host);
            assert_eq!(door.send(&request).status, 403, "{} {host}", door.kind);
        }
    }
}

#[test]
fn the_workspaces_name_is_served_case_blind() {
    for door in Door::both() {
        let visitor = door.sign_in();
        let host = format!("{}.LocalHost:{}", door.name.to_uppercase(), door.port);
        let origin = format!("http://{}.localhost:{}", door.name, door.port);
        let request = visitor
            .signed(Request::get("/customize"))
            .header("host", &host);
        assert_eq!(
            door.send(&request.header("origin", &origin)).status,
            200,
            "{}",
            door.kind
        );
    }
}

#[test]
fn a_websocket_is_refused_as_every_request_is() {
    for door in Door::both() {
        let visitor = door.sign_in();
        for path in ["/session", "/terminal/t1"] {
            let bare = Request::get(path).upgrade();
            assert_eq!(door.send(&bare).status, 401, "{} {path}", door.kind);
            let foreign = visitor
                .signed(bare.clone())
                .header("origin", "http://evil.example");
            assert_eq!(door.send(&foreign).status, 403, "{} {path}", door.kind);
            let rebound = visitor.signed(bare).header("host", "evil.example");
            assert_eq!(door.send(&rebound).status, 403, "{} {path}", door.kind);
        }
    }
}

#[test]
fn a_program_shows_the_token_on_an_address_and_names_no_origin() {
    for door in Door::both() {
        let bearer = format!("Bearer {}", door.token);
        let host = format!("127.0.0.1:{}", door.port);
        let ask = Request::get("/customize").header("host", &host);
        assert_eq!(door.send(&ask).status, 403, "{}", door.kind);
        let ask = ask.header("authorization", &bearer);
        assert_eq!(door.send(&ask).status, 200, "{}", door.kind);
        assert_eq!(
            door.send(&ask.header("origin", &format!("http://{host}")))
                .status,
            403
        );
        let wrong = Request::get("/customize").header("authorization", "Bearer wrong");
        assert_eq!(door.send(&wrong).status, 401);
    }
}

#[test]
fn one_doors_credentials_do_not_open_the_other() {
    let [server, tunnel] = Door::both();
    let visitor = server.sign_in();
    let there = Visitor {
        port: tunnel.port,
        ..visitor
    };
    assert_eq!(there.get("/customize").status, 401);
    assert_eq!(spend(tunnel.port, &server.token).status, 401);
}

#[test]
fn every_page_is_kept_to_itself() {
    for door in Door::both() {
        let page = door.send(&Request::get("/"));
        let header = |name| {
            page.header(name)
                .unwrap_or_else(|| panic!("{}: no {name}", door.kind))
        };
        assert!(header("content-security-policy").contains("default-src 'self'"));
        assert!(header("content-security-policy").contains("frame-ancestors 'none'"));
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(page.header("access-control-allow-origin"), None);
    }
}

#[test]
fn no_secret_stands_in_a_log_an_argv_or_an_environment() {
    for door in Door::both() {
        let visitor = door.sign_in();
        visitor.open_terminal().line("echo $((6*7))").expect("42");
        door.send(&Request::get(&format!("/?auth_token={}", door.token)));
        let logs = door.logs();
        for secret in door.secrets(&visitor) {
            assert!(
                !logs.contains(&secret),
                "{}: a secret is in a log:\n{logs}",
                door.kind
            );
            assert_eq!(
                showing(&secret),
                [0; 0],
                "{}: a process shows a secret",
                door.kind
            );
        }
    }
}

#[test]
fn a_terminals_shell_gets_no_secret_and_no_setting_of_ours() {
    for door in Door::both() {
        let visitor = door.sign_in();
        let mut terminal = visitor.open_terminal();
        terminal.line("env; echo end=$((6*7))").expect("end=42");
        let shown = String::from_utf8_lossy(&terminal.output).into_owned();
        // What is the terminal's own is no setting.
        let own = [
            "COCALC_PLUS_TERMINAL=",
            "COCALC_PLUS_COMMANDS=",
            "ENV=$COCALC_PLUS_COMMANDS/",
        ];
        let is_own = |line: &&str| own.iter().any(|name| line.starts_with(name));
        let settings = shown.lines().filter(|line| line.contains("COCALC_PLUS"));
        assert!(
            settings.clone().all(|line| is_own(&line)),
            "{}: {shown}",
            door.kind
        );
        // A plain shell alone is told of the file that finds our commands.
        let named = settings.filter(|line| line.starts_with("COCALC_PLUS_"));
        assert_eq!(named.count(), 2, "{}: {shown}", door.kind);
        assert!(
            door.secrets(&visitor)
                .iter()
                .all(|secret| !shown.contains(secret)),
            "{shown}"
        );
    }
}

#[test]
fn another_user_cannot_reach_the_sockets() {
    let Some(other) = Account::other() else {
        return;
    };
    let laptop = Laptop::new();
    let run = laptop.file("made").display().to_string();
    let laptop = laptop.env("COCALC_PLUS_RUNTIME", &run);
    laptop.run(&["serve", "--daemon"]).success();
    let sockets = sockets_below(Path::new(&run));
    assert_eq!(sockets.len(), 2, "{sockets:?}");
    for socket in &sockets {
        assert_eq!(knock(&other, socket), "Permission denied", "{socket:?}");
    }
}

#[test]
fn another_user_is_turned_away_where_directories_are_open() {
    let Some(other) = Account::other() else {
        return;
    };
    let laptop = Laptop::new();
    let served = Served::start(&laptop, &[]);
    let socket = Path::new(&served.info.socket);
    for folder in socket
        .ancestors()
        .skip(1)
        .take_while(|path| path.starts_with(laptop.runtime()))
    {
        set_mode(folder, 0o755);
    }
    let bus = Path::new(&served.info.nats_socket);
    for socket in [socket, bus] {
        set_mode(socket, 0o777);
        assert_eq!(knock(&other, socket), "closed", "{}", socket.display());
    }
    assert_eq!(knock(&Account::current(), socket), "HTTP/1.1 200 OK");
    let greeting = knock(&Account::current(), bus);
    assert!(greeting.starts_with("INFO {"), "{greeting}");
}

#[test]
fn another_user_cannot_reach_a_tunnel() {
    let Some(other) = Account::other() else {
        return;
    };
    let door = Door::tunnel();
    let run = door.laptop.runtime();
    for socket in sockets_below(&run) {
        assert_eq!(
            knock(&other, &socket),
            "Permission denied",
            "{}",
            socket.display()
        );
        for folder in socket
            .ancestors()
            .skip(1)
            .take_while(|path| path.starts_with(&run))
        {
            set_mode(folder, 0o755);
        }
        set_mode(&socket, 0o777);
        assert_eq!(knock(&other, &socket), "closed", "{}", socket.display());
    }
}

/// Returns the path of the page's script.
#[track_caller]
fn asset(page: &str) -> String {
    let (_, rest) = page
        .split_once("src=\"")
        .unwrap_or_else(|| panic!("no script: {page}"));
    let path = rest.split('"').next().unwrap_or_default();
    format!("/{}", path.trim_start_matches("./").trim_start_matches('/'))
}

/// Lists the processes of this machine whose arguments or environment hold a
/// text.
fn showing(text: &str) -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("a Linux").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let shows = |pid: &u32| {
        let read = |name| fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
        let shown = [read("cmdline"), read("environ")].concat();
        shown
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    pids.filter(shows).collect()
}

/// Lists the unix sockets below a directory.
fn sockets_below(folder: &Path) -> Vec<std::path::PathBuf> {
    use std::os::unix::fs::FileTypeExt as _;
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let kind = entry.file_type().expect("it is there");
        if kind.is_dir() {
            found.extend(sockets_below(&entry.path()));
        } else if kind.is_socket() {
            found.push(entry.path());
        }
    }
    found
}

/// Asks a unix socket for its health as a user: why it cannot, `closed`, or
/// the answer's first line.
fn knock(user: &Account, socket: &Path) -> String {
    const ASK: &str = "socket(S, PF_UNIX, SOCK_STREAM, 0) or die; \
        connect(S, sockaddr_un($ARGV[0])) or do { print $!; exit }; \
        $SIG{PIPE} = 'IGNORE'; \
        syswrite(S, qq(GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nAuthorization: Bearer $ARGV[1]\\r\\n\\r\\n)); \
        $_ = <S>; s/\\r?\\n//; print length($_) ? $_ : 'closed'";
    let Some(perl) = find_program("perl") else {
        skip("no perl to knock at a socket as another user");
        return String::new();
    };
    let mut command = user.command(&perl);
    let token = token_beside(socket).unwrap_or_default();
    command.args(["-MSocket", "-e", ASK]).arg(socket).arg(token);
    crate::support::finished::run(&mut command, std::time::Duration::from_secs(60))
        .success()
        .stdout
}

/// Reads the token beside a server's socket; a tunnel's needs none.
fn token_beside(socket: &Path) -> Option<String> {
    let text = fs::read(socket.with_file_name("connection.json")).ok()?;
    let info: serde_json::Value = serde_json::from_slice(&text).ok()?;
    Some(info["token"].as_str()?.to_owned())
}
