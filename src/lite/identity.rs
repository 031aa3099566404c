//! Who somebody on the bus is, and which subjects are his.
//!
//! | identity | publishes to | subscribes to |
//! | --- | --- | --- |
//! | hub | everything | everything |
//! | account | `account.ID.>`, `hub.account.ID.>`, its projects', `public.>` | `account.ID.>`, its projects', `public.>`, its inbox |
//! | project | `project.ID.>`, `hub.project.ID.>`, `public.>` | `project.ID.>`, `public.>`, its inbox |
//! | host | `host.ID.>`, `hub.host.ID.>`, `public.>` | `host.ID.>`, `public.>`, its inbox |
//!
//! What answers for a project is the service `project-ID` of NATS' discovery: its
//! accounts ask `$SRV.PING.project-ID` and the like, and the project is asked
//! there and at `$SRV.PING`. To ask everybody, at `$SRV.PING`, is the hub's alone,
//! so that nobody lists what is another's.
//!
//! An inbox is `_INBOX.KIND-ID.>`: nobody else reads there, and only who was
//! asked writes there.

use crate::messaging::access::Access;

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The server itself, or a program with its token.
    Hub,
    /// A person, with the projects that are hers.
    Account {
        /// Which.
        id: String,
        /// Their ids; `*` is all of them.
        projects: Vec<String>,
    },
    /// A project's daemon.
    Project(String),
    /// A machine with projects.
    Host(String),
}

impl Identity {
    /// What it may do on the bus.
    pub fn access(&self) -> Access {
        match self {
            Self::Hub => Access::All,
            Self::Account { id, projects } => {
                let (mut publish, subscribe) = owner_of("account", id, projects);
                publish.extend(projects.iter().flat_map(|id| discovery_of(id)));
                Access::Only { publish, subscribe }
            }
            Self::Project(id) => {
                let (publish, mut subscribe) = owner_of("project", id, &[]);
                subscribe.push("$SRV.*".to_owned());
                subscribe.extend(discovery_of(id));
                Access::Only { publish, subscribe }
            }
            Self::Host(id) => {
                let (publish, subscribe) = owner_of("host", id, &[]);
                Access::Only { publish, subscribe }
            }
        }
    }

    /// What NATS' discovery calls the service of a project.
    pub fn service_of(project: &str) -> String {
        format!("project-{project}")
    }

    /// Below which subject it is answered, `_INBOX.account-…`.
    pub fn inbox(&self) -> String {
        match self {
            Self::Hub => "_INBOX.hub".to_owned(),
            Self::Account { id, .. } => inbox_of("account", id),
            Self::Project(id) => inbox_of("project", id),
            Self::Host(id) => inbox_of("host", id),
        }
    }
}

fn inbox_of(kind: &str, id: &str) -> String {
    format!("_INBOX.{kind}-{id}")
}

/// Where a project's service is asked about itself, and one server of it.
fn discovery_of(project: &str) -> [String; 2] {
    // A name is one token, of which no pattern covers a part: whose are all
    // projects finds the hub's own services too.
    let name = match project {
        "*" => project.to_owned(),
        project => Identity::service_of(project),
    };
    [format!("$SRV.*.{name}"), format!("$SRV.*.{name}.*")]
}

/// To what it publishes and subscribes.
fn owner_of(kind: &str, id: &str, projects: &[String]) -> (Vec<String>, Vec<String>) {
    let mut own = vec![format!("{kind}.{id}.>"), "public.>".to_owned()];
    own.extend(projects.iter().map(|id| format!("project.{id}.>")));
    let (mut publish, mut subscribe) = (own.clone(), own);
    publish.push(format!("hub.{kind}.{id}.>"));
    subscribe.push(format!("{}.>", inbox_of(kind, id)));
    (publish, subscribe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::chance::Chance;

    const TOKENS: [&str; 18] = [
        "$SRV",
        "PING",
        "account",
        "project",
        "host",
        "hub",
        "public",
        "_INBOX",
        "a",
        "b",
        "p",
        "q",
        "account-a",
        "account-b",
        "project-p",
        "api",
        "*",
        ">",
    ];

    /// A kind, an id, its projects.
    type Described = (&'static str, &'static str, &'static [&'static str]);

    /// Whose a literal subject is by the table above, read anew.
    fn is_allowed(identity: Described, subject: &[&str], reads: bool) -> bool {
        let (kind, id, projects) = identity;
        match subject {
            [first, second, ..] if *first == kind && *second == id && subject.len() > 2 => true,
            ["project", second, _, ..] if projects.contains(second) => true,
            ["public", _, ..] => true,
            ["hub", first, second, _, ..] => !reads && *first == kind && *second == id,
            ["$SRV", _] => reads && kind == "project",
            ["$SRV", _, name] | ["$SRV", _, name, _] => {
                let own = |project: &&str| *name == format!("project-{project}");
                match kind {
                    "project" => reads && own(&id),
                    _ => !reads && projects.iter().any(own),
                }
            }
            ["_INBOX", second, _, ..] => reads && *second == format!("{kind}-{id}"),
            _ => false,
        }
    }

    #[test]
    fn nobody_reads_or_writes_what_is_anothers() {
        let known: [(Identity, Described); 4] = [
            (account("a", &["p"]), ("account", "a", &["p"])),
            (account("b", &[]), ("account", "b", &[])),
            (Identity::Project("p".into()), ("project", "p", &[])),
            (Identity::Host("p".into()), ("host", "p", &[])),
        ];
        let mut chance = Chance(88_172_645_463_325_252);
        let (mut granted, mut refused) = (0, 0);
        for _ in 0..200_000 {
            let length = 1 + chance.below(5);
            let tokens: Vec<&str> = (0..length).map(|_| TOKENS[chance.below(16)]).collect();
            let subject = tokens.join(".");
            for (identity, described) in &known {
                let access = identity.access();
                let (reads, writes) = (
                    access.may_subscribe(subject.as_bytes()),
                    access.may_publish(subject.as_bytes()),
                );
                assert_eq!(
                    reads,
                    is_allowed(*described, &tokens, true),
                    "{identity:?} reads {subject}"
                );
                assert_eq!(
                    writes,
                    is_allowed(*described, &tokens, false),
                    "{identity:?} writes {subject}"
                );
                if reads { granted += 1 } else { refused += 1 }
            }
        }
        assert!(granted > 1000 && refused > 1000, "{granted} {refused}");
    }

    #[test]
    fn no_wildcard_reaches_further_than_the_subjects_it_is_given() {
        let mut chance = Chance(2_463_534_242);
        let identity = account("a", &["p"]);
        let access = identity.access();
        let mut granted = 0;
        for _ in 0..200_000 {
            let length = 1 + chance.below(5);
            let pattern: Vec<&str> = (0..length).map(|_| TOKENS[chance.below(18)]).collect();
            let pattern = pattern.join(".");
            if !access.may_subscribe(pattern.as_bytes()) {
                continue;
            }
            granted += 1;
            // Whatever it matches is its own.
            let filled: Vec<&str> = pattern
                .split('.')
                .flat_map(|token| match token {
                    "*" => vec![TOKENS[chance.below(16)]],
                    ">" => (0..=chance.below(3))
                        .map(|_| TOKENS[chance.below(16)])
                        .collect(),
                    token => vec![token],
                })
                .collect();
            assert!(
                is_allowed(("account", "a", &["p"]), &filled, true),
                "{pattern} {filled:?}"
            );
        }
        assert!(granted > 100, "{granted}");
    }

    fn account(id: &str, projects: &[&str]) -> Identity {
        Identity::Account {
            id: id.into(),
            projects: projects.iter().map(|&id| id.into()).collect(),
        }
    }
}
