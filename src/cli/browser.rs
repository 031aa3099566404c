//! Opens the person's browser without showing a code to other users.

use std::path::Path;

use super::output;
use crate::sys::files;

/// Opens `url` through a page of mode 0600 that leads to it: the command line
/// of a browser is everybody's to read, and the code in the URL is not.
pub fn open(url: &str, page: &Path) {
    let escaped = url.replace('&', "&amp;").replace('"', "&quot;");
    let html = format!(
        "<!doctype html><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\">\
         <meta http-equiv=\"refresh\" content=\"0;url={escaped}\"><title>cocalc-plus</title>\
         <a href=\"{escaped}\">Open cocalc-plus</a>\n"
    );
    let opened = files::make_dir(page.parent().unwrap_or(page))
        .and_then(|()| files::write_private(page, html.as_bytes()))
        .and_then(|()| open::that_detached(page));
    if let Err(error) = opened {
        output::say(&format!(
            "cannot open a browser ({error}); open the URL yourself"
        ));
    }
}
