//! `/session`: tells a page where its connection stands.

use axum::extract::ws::Message;
use axum::extract::ws::Utf8Bytes;
use axum::extract::ws::WebSocket;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use tokio::sync::watch;

use crate::protocol::auth;
use crate::protocol::session::Status;

/// Sends the status now and at every change, until either side goes.
///
/// A page that reads slowly misses statuses in between, never the newest.
/// `freshen` completes what is sent with what is known at that moment; it is
/// dropped when the page has gone.
pub fn watch<F>(upgrade: WebSocketUpgrade, status: watch::Receiver<Status>, freshen: F) -> Response
where
    F: Fn(&mut Status) + Send + 'static,
{
    upgrade
        .protocols([auth::WEBSOCKET_PROTOCOL])
        .on_upgrade(|socket| send(socket, status, freshen))
}

async fn send<F: Fn(&mut Status)>(
    mut socket: WebSocket,
    mut receiver: watch::Receiver<Status>,
    freshen: F,
) {
    loop {
        let mut status = receiver.borrow_and_update().clone();
        freshen(&mut status);
        let Ok(text) = serde_json::to_string(&status) else {
            return;
        };
        if socket
            .send(Message::Text(Utf8Bytes::from(text)))
            .await
            .is_err()
        {
            return;
        }
        loop {
            tokio::select! {
                changed = receiver.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return,
                },
                message = socket.recv() => match message {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => {}
                },
            }
        }
    }
}
