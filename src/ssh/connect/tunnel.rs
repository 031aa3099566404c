//! A target's tunnel: the one there is, another in its place, or a first one.

use std::ffi::OsString;

use super::Connecting;
use crate::daemon::launch;
use crate::protocol::control::Cause;
use crate::protocol::control::Failure;
use crate::protocol::control::Hello;
use crate::protocol::control::Pong;
use crate::protocol::control::Request;
use crate::ssh::control::Control;
use crate::ssh::registry::Entry;
use crate::ssh::tunnel::Announced;
use crate::ssh::tunnel::PortWish;
use crate::ssh::wish;
use crate::sys::text;

/// What is there of a target's tunnel.
pub(super) enum Found {
    /// Its server answered.
    Live(Control, Hello, Pong),
    /// It is connected, and does not hear its server.
    Silent(Control, Hello),
    /// It is not connected.
    Away(Control, Hello),
    /// It is of another build, or was made with other options.
    Outdated(Control, Hello),
    /// There is none.
    None,
}

impl Connecting<'_> {
    /// Finds the tunnel; `changed` says whether other options are wanted now.
    pub(super) async fn find_tunnel(&mut self, changed: bool) -> Found {
        let socket = self.registry.control_socket(&self.name);
        let Some((mut control, hello)) = Control::find(&socket).await else {
            Control::end_silent(&socket).await;
            return Found::None;
        };
        let port_differs = self
            .options
            .local_port
            .is_some_and(|port| port != hello.port);
        if hello.build != self.build.id() || port_differs || changed {
            return Found::Outdated(control, hello);
        }
        if hello.is_silent() {
            return Found::Silent(control, hello);
        }
        match control.ask(&Request::Ping).await {
            Ok(pong) => Found::Live(control, hello, pong),
            Err(_) if hello.server.is_some() => Found::Silent(control, hello),
            Err(_) => Found::Away(control, hello),
        }
    }

    /// Starts a tunnel beside the old one and lets that leave: on the same
    /// port both listen for a moment, so that nobody else ever can.
    pub(super) async fn replace(
        &mut self,
        old: Control,
        hello: &Hello,
    ) -> Result<(Control, u16), Failure> {
        let wish = match self.options.local_port {
            Some(port) if port != hello.port => PortWish::Exactly(port),
            _ => PortWish::TakeOver(hello.port),
        };
        let started = self.start_tunnel(wish).await;
        old.dismiss(hello).await;
        match (started, wish) {
            // The old one does not share its port; now it has left.
            (Err(_), PortWish::TakeOver(port)) => self.start_tunnel(PortWish::Near(port)).await,
            (started, _) => started,
        }
    }

    pub(super) fn wanted_port(&self, kept: Option<&Entry>) -> PortWish {
        match (self.options.local_port, kept) {
            (Some(port), _) => PortWish::Exactly(port),
            (None, Some(entry)) => PortWish::Near(entry.local_port),
            (None, None) => PortWish::Near(wish::first_port(&self.name)),
        }
    }

    /// Starts a tunnel; returns it with the port it listens on.
    pub(super) async fn start_tunnel(&mut self, wish: PortWish) -> Result<(Control, u16), Failure> {
        let (flag, port) = wish.words();
        let port_text = port.to_string();
        let args = [
            "__tunnel",
            "--name",
            &self.name,
            "--target",
            self.target.spelling(),
            flag,
            &port_text,
        ];
        let args = args.into_iter().map(OsString::from).collect();
        let log = self.registry.log(&self.name);
        let announced: Announced = launch::launch(args, &log).await.map_err(|error| Failure {
            cause: Cause::Local,
            message: format!("cannot start the tunnel: {}", text::with_causes(&error)),
            hint: match self.options.local_port {
                Some(_) => format!("cocalc-plus ssh {} --local-port auto", self.target),
                None => format!("look into {}", log.display()),
            },
        })?;
        let is_kept = self.registry.find_exactly(self.target.spelling()).is_some();
        if is_kept && announced.port != port {
            self.watcher.port_moved(port, announced.port);
        }
        let socket = self.registry.control_socket(&self.name);
        let (control, _) = Control::find(&socket).await.ok_or_else(|| Failure {
            cause: Cause::Tunnel,
            message: "the tunnel started and does not answer".into(),
            hint: format!("look into {}", log.display()),
        })?;
        Ok((control, announced.port))
    }
}
