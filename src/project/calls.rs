//! Answers `project.<id>.…`.

use std::sync::Arc;

use super::environment::Environment;
use super::files;
use super::files::Files;
use super::router::Router;
use super::terminal::Terminals;
use crate::protocol::call;
use crate::protocol::call::Handler;
use crate::protocol::methods::Nothing;
use crate::protocol::methods::project;
use crate::protocol::methods::terminal;

/// Returns what answers the subjects of the project `id`.
pub fn handler(
    id: &str,
    terminals: Arc<Terminals>,
    files: Arc<Files>,
    environment: Arc<Environment>,
) -> Handler {
    router(&terminals, &files, &environment).handler(id)
}

fn router(
    terminals: &Arc<Terminals>,
    files: &Arc<Files>,
    environment: &Arc<Environment>,
) -> Router {
    let router = Router::default()
        .one::<terminal::List, _, _>(terminals, |terminals, _| async move {
            let terminals = terminals.list().await;
            Ok(call::Terminals { terminals })
        })
        .one::<terminal::New, _, _>(terminals, |terminals, asked| async move {
            terminals.start(asked).await
        })
        .one::<terminal::Kill, _, _>(terminals, |terminals, asked| async move {
            terminals.kill(&asked.id).await.map(|()| Nothing {})
        })
        .one::<project::Environment, _, _>(environment, |environment, asked| async move {
            Ok(environment.answer(&asked).await)
        });
    files::calls::routes(router, files)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::project::environment::Source;
    use crate::protocol::methods;
    use crate::sys::shutdown::Shutdown;

    #[tokio::test]
    async fn every_method_is_answered() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let terminals = Terminals::new(at("holders"), at("log"));
        let files = Files::new(at("home"), at("trash"), &at("data"));
        let shutdown = Shutdown::default();
        let environment = Environment::new(Default::default(), Source::default(), shutdown);
        let answered = router(&terminals, &files, &environment);
        let answered: BTreeSet<&str> = answered.names().collect();
        let defined: BTreeSet<&str> = methods::all().map(|about| about.name).collect();
        assert_eq!(answered, defined);
    }
}
