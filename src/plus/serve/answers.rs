//! What a server answers: routes, the project's subjects, the hub's own.
//!
//! | subject | answered by |
//! | --- | --- |
//! | `project.local.>` | the project |
//! | `hub.*.*.api` | the hub's API |
//! | `hub.account.ID.settings.…` | the settings |
//! | at another hub `project.compute-N.>` | the project, where this server is attached |

use std::sync::Arc;

use tokio::sync::watch;

use super::NAME;
use super::Server;
use crate::lite::api;
use crate::lite::api::Api;
use crate::lite::blobs;
use crate::lite::bus::Bus;
use crate::lite::bus::Service;
use crate::lite::feeds::Desk;
use crate::lite::http::Customize;
use crate::lite::http::Fate;
use crate::lite::http::Hub;
use crate::lite::http::Stopper;
use crate::lite::keys::Keys;
use crate::lite::listen::Site;
use crate::lite::remote;
use crate::lite::remote::Remote;
use crate::lite::settings::calls as settings_calls;
use crate::lite::settings::keeper::Keeper;
use crate::plus::account;
use crate::plus::account::ACCOUNT;
use crate::plus::storing::Storing;
use crate::plus::terminals;
use crate::project::calls;
use crate::project::environment::Environment;
use crate::project::files as project_files;
use crate::project::files::Files;
use crate::project::terminal;
use crate::project::terminal::Terminals;
use crate::protocol::call::Handler;
use crate::store::blobs::Blobs;
use crate::sys::dirs;
use crate::sys::shutdown::Shutdown;
use crate::sys::text;
use crate::web::keyring::Keyring;

/// Reads the API keys; there are none without a database.
pub(super) async fn keys(store: &Storing) -> Option<Arc<Keys>> {
    let store = store.as_ref().ok()?.clone();
    let opened = Keys::open(store, account::identity()).await;
    opened
        .inspect_err(|error| {
            let why = text::with_causes(error);
            tracing::error!(why, "no API key works");
        })
        .ok()
}

/// The same for the door.
pub(super) fn keyring(keys: Option<&Arc<Keys>>) -> Keyring {
    let keys = keys.cloned();
    keys.map_or_else(Keyring::default, |keys| {
        Keyring::new(move |offered| keys.opens(offered))
    })
}

impl Server {
    /// Puts together all that is answered, and begins to answer on the bus.
    pub(super) fn site(
        &self,
        shutdown: &Shutdown,
        environment: &Arc<Environment>,
        bus: Bus,
    ) -> (Site, Arc<Terminals>) {
        let log = terminals::log(&self.instance);
        let terminals = Terminals::new(self.instance.holders(), log);
        let files = Files::new(dirs::home(), dirs::trash(), &dirs::data());
        let keeper = Arc::new(self.options.settings.clone());
        let customize = self.customize(Arc::clone(&keeper));
        let project = calls::handler(
            NAME,
            Arc::clone(&terminals),
            Arc::clone(&files),
            Arc::clone(environment),
        );
        let of_account = format!("hub.account.{ACCOUNT}");
        let settings = settings_calls::handler(&of_account, keeper);
        let desk = Desk::new(self.store.clone(), ACCOUNT, NAME);
        tokio::spawn(Arc::clone(&desk).serve(bus.clone()));
        let attached = self.remote.as_ref().map(|remote| {
            let project = Arc::clone(&project);
            remote.attach(NAME, project, shutdown.clone())
        });
        let api = Api {
            account: ACCOUNT.to_owned(),
            project: NAME.to_owned(),
            customize: Arc::clone(&customize),
            settings: Arc::clone(&settings),
            desk,
            keys: self.keys.clone(),
            bus: bus.clone(),
            remote: attached,
        };
        let api = api.handler();
        let settings_pattern = format!("{of_account}.settings.*");
        for (service, handler) in [
            (Service::of_project(NAME), &project),
            (
                Service::of_hub("hub-api", "The hub itself", api::PATTERN),
                &api,
            ),
            (
                Service::of_hub("hub-settings", "The account's settings", &settings_pattern),
                &settings,
            ),
        ] {
            let (bus, handler) = (bus.clone(), Arc::clone(handler));
            tokio::spawn(async move { bus.answer(service, handler).await });
        }
        let hub = Hub {
            gate: Arc::clone(&self.gate),
            run: self.info.id.clone(),
            handler: by_subject(api, settings, project),
            bus,
            customize,
            status: watch::Sender::new(self.status()),
            stop: stopper(Arc::clone(&terminals)),
            shutdown: shutdown.clone(),
        };
        let blobs = Blobs::below(&dirs::data());
        tokio::spawn(blobs::sweep(blobs.clone(), shutdown.clone()));
        let routes = terminal::router(Arc::clone(&terminals))
            .merge(project_files::routes::router(files))
            .merge(blobs::router(blobs))
            .merge(remote::router(self.remote.clone()));
        (hub.site(routes), terminals)
    }

    fn customize(&self, keeper: Arc<Keeper>) -> Customize {
        let fixed = serde_json::json!({
            "name": NAME, "account": ACCOUNT, "project": NAME, "version": self.info.version,
            "ui": self.info.ui, "run": self.info.id, "previous": self.info.previous,
            "remote": self.remote.as_ref().map(Remote::project),
        });
        account::customize(fixed, keeper)
    }
}

/// Has each part answer its subjects, whatever carries them.
fn by_subject(api: Handler, settings: Handler, project: Handler) -> Handler {
    Arc::new(move |subject, payload| {
        let handler = match subject.strip_prefix("hub.") {
            Some(rest) if rest.ends_with(".api") => &api,
            Some(_) => &settings,
            None => &project,
        };
        handler(subject, payload)
    })
}

/// Ends the terminals, or counts those that live on.
fn stopper(terminals: Arc<Terminals>) -> Stopper {
    Arc::new(move |fate| {
        let terminals = Arc::clone(&terminals);
        Box::pin(async move {
            match fate {
                Fate::End => terminals.kill_all().await,
                Fate::LiveOn => {
                    let rows = terminals.list().await;
                    rows.iter().filter(|row| row.exit.is_none()).count()
                }
            }
        })
    })
}
