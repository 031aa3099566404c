//! Pipes between processes: this one's stdin and stdout as streams that never
//! block a thread, and how much a pipe holds.

#![expect(unsafe_code, reason = "registering a descriptor with the runtime")]

use std::io;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use rustix::fs::OFlags;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::io::unix::AsyncFd;

/// A pipe or socket that is read or written without blocking.
///
/// sshd hands a command pipes on most systems and a socket on others.
#[derive(Debug)]
pub struct Pipe(AsyncFd<OwnedFd>);

/// Takes stdin and stdout; nobody else may use them from here on.
///
/// # Errors
/// When either is a file, which cannot be waited for.
pub fn take() -> io::Result<(Pipe, Pipe)> {
    let input = rustix::io::dup(rustix::stdio::stdin())?;
    let output = rustix::io::dup(rustix::stdio::stdout())?;
    Ok((Pipe::new(input)?, Pipe::new(output)?))
}

/// Lets a pipe hold 1 MiB instead of the usual 64 KiB, so that one who fills it
/// quickly need not stop after each read; where that cannot be, it stays small.
pub fn widen(pipe: &impl AsFd) {
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, 1 << 20);
    #[cfg(not(target_os = "linux"))]
    let _ = pipe;
}

impl Pipe {
    fn new(descriptor: OwnedFd) -> io::Result<Self> {
        let flags = rustix::fs::fcntl_getfl(&descriptor)?;
        rustix::fs::fcntl_setfl(&descriptor, flags | OFlags::NONBLOCK)?;
        // SAFETY: the `AsyncFd` owns the descriptor, a duplicate of ours, and
        // nothing replaces or closes it while it lives.
        let registered = unsafe { AsyncFd::register(descriptor) }.map_err(io::Error::from)?;
        Ok(Self(registered))
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut guard = ready!(self.0.poll_read_ready(cx))?;
            let space = buffer.initialize_unfilled();
            let read = guard.try_io(|pipe| Ok(rustix::io::read(pipe.as_fd(), &mut *space)?));
            match read {
                Ok(Ok(length)) => {
                    buffer.advance(length);
                    return Poll::Ready(Ok(()));
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Poll::Ready(Err(error)),
                Err(_would_block) => {}
            }
        }
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.0.poll_write_ready(cx))?;
            match guard.try_io(|pipe| Ok(rustix::io::write(pipe.as_fd(), bytes)?)) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(result) => return Poll::Ready(result),
                Err(_would_block) => {}
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
