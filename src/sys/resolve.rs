//! Addresses of names.
//!
//! A static executable cannot ask the C library: that would load the
//! name-service modules of another version from the system, and crash. Its own
//! tool asks it instead.

use std::io;
use std::net::IpAddr;

use super::process;

/// The exit code of getent(1) for a name that nobody knows.
#[cfg(target_os = "linux")]
const NO_SUCH_NAME: i32 = 2;

/// Returns the addresses of a host, each once; none when nobody knows it.
///
/// # Errors
/// When the system's resolver cannot be asked.
pub async fn addresses(host: &str) -> io::Result<Vec<IpAddr>> {
    if let Ok(address) = host.parse() {
        return Ok(vec![address]);
    }
    let mut found = ask(host).await?;
    found.dedup();
    Ok(found)
}

#[cfg(target_os = "linux")]
async fn ask(host: &str) -> io::Result<Vec<IpAddr>> {
    // Three lines an address, one a kind of socket.
    let output = process::command("getent")
        .args(["ahosts", host])
        .stdin(std::process::Stdio::null())
        .output()
        .await?;
    if !matches!(output.status.code(), Some(0 | NO_SUCH_NAME)) {
        return Err(io::Error::other(format!("getent: {}", output.status)));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let words = text.lines().filter_map(|line| line.split(' ').next());
    Ok(words.filter_map(|word| word.parse().ok()).collect())
}

#[cfg(not(target_os = "linux"))]
async fn ask(host: &str) -> io::Result<Vec<IpAddr>> {
    let found = tokio::net::lookup_host((host, 0)).await?;
    Ok(found.map(|address| address.ip()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_and_numbers_have_addresses() {
        assert_eq!(
            addresses("10.0.0.1").await.unwrap(),
            ["10.0.0.1".parse::<IpAddr>().unwrap()]
        );
        let local = addresses("localhost").await.unwrap();
        assert!(
            local.iter().all(IpAddr::is_loopback) && !local.is_empty(),
            "{local:?}"
        );
        assert!(addresses("no-such-name.invalid").await.unwrap().is_empty());
    }
}
