//! What a hub of one person does not have, and why.

use crate::protocol::call::Refusal;

/// The word by which a program knows that a method is known, and not here.
pub(super) const NOT_AVAILABLE: &str = "not-available";

/// The groups of the original system's API that have no meaning here.
const GROUPS: [(&str, &str); 13] = [
    ("admin", "there is one person, and nobody to administer"),
    (
        "compute",
        "compute servers attach themselves, by `COMPUTE_SERVER`",
    ),
    ("fileSync", "there is one machine"),
    ("jupyter", "notebooks are not there yet"),
    ("llm", "there is no language model yet"),
    ("messages", "there is nobody to write to"),
    ("org", "there is one person, and no organisation"),
    ("projects", "there is one project, which always runs"),
    ("purchases", "nothing is sold here"),
    ("reflect", "directories are not synchronised yet"),
    ("software", "the machine's own software is used"),
    (
        "ssh",
        "the server is reached by ssh and reaches nothing by it",
    ),
    ("sync", "the history of documents is not there yet"),
];

/// Single methods of groups that are there otherwise.
const METHODS: [(&str, &str); 8] = [
    ("db.fileUseTimes", "no use of files is recorded"),
    ("db.getLegacyTimeTravelInfo", "there are no older documents"),
    (
        "db.getLegacyTimeTravelPatches",
        "there are no older documents",
    ),
    ("system.addProjectPermission", "there is one person"),
    ("system.adminResetPasswordLink", "there are no passwords"),
    (
        "system.generateUserAuthToken",
        "`cocalc-plus open` makes a sign-in",
    ),
    (
        "system.sendEmailVerification",
        "nobody has an e-mail address here",
    ),
    (
        "system.terminate",
        "`cocalc-plus serve --daemon-stop` ends the server",
    ),
];

/// Refuses a method that this hub does not have: 501 with the reason, or 404.
pub(super) fn refusal(name: &str) -> Refusal {
    let group = name.split('.').next().unwrap_or_default();
    let found = METHODS.iter().find(|(known, _)| *known == name);
    let found = found.or_else(|| GROUPS.iter().find(|(known, _)| *known == group));
    match found {
        Some((_, why)) => {
            let text = format!("`{name}` is not available: {why}");
            Refusal::new(501, text).because(NOT_AVAILABLE)
        }
        None => Refusal::new(404, format!("there is no method `{name}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_and_not_here_says_why() {
        for (name, code, why) in [
            ("projects.createProject", 501, "one project"),
            ("system.terminate", 501, "--daemon-stop"),
            ("purchases.getBalance", 501, "nothing is sold"),
            ("system.nothing", 404, "no method `system.nothing`"),
            ("", 404, "no method"),
        ] {
            let refusal = refusal(name);
            assert_eq!(refusal.code, code, "{name}");
            assert!(refusal.message.contains(why), "{}", refusal.message);
            let reason = (code == 501).then_some(NOT_AVAILABLE);
            assert_eq!(refusal.reason.as_deref(), reason);
        }
    }
}
