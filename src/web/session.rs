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
/// `presence` is dropped when the page has gone.
pub fn watch<P>(upgrade: WebSocketUpgrade, status: watch::Receiver<Status>, presence: P) -> Response
where
    P: Send + 'static,
{
    upgrade
        .protocols([auth::WEBSOCKET_PROTOCOL])
        .on_upgrade(|socket| async move {
            send(socket, status).await;
            drop(presence);
        })
}

async fn send(mut socket: WebSocket, mut status: watch::Receiver<Status>) {
    loop {
        let text = serde_json::to_string(&*status.borrow_and_update());
        let Ok(text) = text else { return };
        if socket
            .send(Message::Text(Utf8Bytes::from(text)))
            .await
            .is_err()
        {
            return;
        }
        loop {
            tokio::select! {
                changed = status.changed() => match changed {
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
