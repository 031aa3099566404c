//! Feeds: the rows of a query, and then every change of them, once and in
//! order.
//!
//! ```text
//! {"seq":17,"epoch":"0f3a…","rows":[…]}                               first
//! {"seq":19,"prev":17,"action":"update","new_val":{…},"old_val":{…}}  each change
//! ```
//!
//! `prev` is the `seq` of the message before: a reader to whom one is lost sees
//! it. He comes back with his last `seq` and the epoch as [`Resume`], and is
//! given what he missed; or, after too long or when the database is another,
//! all rows with `resync`. A row that begins to match the query is an insert,
//! one that stops is a delete, and a change of what is not shown is none.
//!
//! ```text
//! begin ──resume──> behind ──caught up──> live ──fell behind──> behind
//!   └──── rows ──────────────────────────> live
//! ```

use std::collections::VecDeque;
use std::sync::Arc;

use futures::Stream;
use futures::stream;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::changes;
use super::changes::Change;
use super::changes::Span;
use super::error::QueryError;
use super::query::Filter;
use super::rows;
use super::table::Fields;
use crate::store::database::Store;
use crate::store::error::Error;

/// The most rows that a feed begins with.
const MAX_ROWS: usize = 10_000;

/// How many changes are read at a time by one who is behind.
const BATCH: i64 = 500;

/// Where a reader was.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Resume {
    /// The last `seq` that he has.
    pub since: i64,
    /// The epoch that it is of.
    pub epoch: String,
}

/// One message of a feed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Update {
    /// The first: what matches now.
    Rows {
        /// The last change that the rows have.
        seq: i64,
        /// Which database numbers the changes.
        epoch: String,
        /// Every row that matches; none, when the reader has them.
        #[serde(skip_serializing_if = "Option::is_none")]
        rows: Option<Vec<Value>>,
        /// Whether the reader's own rows are to be forgotten.
        resync: bool,
    },
    /// A change.
    Change {
        /// Its number.
        seq: i64,
        /// The number of the feed's message before.
        prev: i64,
        /// What happened to the row, as the query sees it.
        action: Act,
        /// What it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        new_val: Option<Value>,
        /// What it was.
        #[serde(skip_serializing_if = "Option::is_none")]
        old_val: Option<Value>,
    },
}

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// It matches from now on.
    Insert,
    /// What is shown of it changed.
    Update,
    /// It matches no longer.
    Delete,
}

/// A query that is followed.
#[derive(Debug)]
pub struct Feed {
    store: Store,
    filter: Filter,
    state: State,
    news: broadcast::Receiver<Arc<[Change]>>,
    waiting: VecDeque<Update>,
    /// The last change that was looked at.
    seen: i64,
    /// The `seq` of the last message.
    sent: i64,
}

/// How far a feed is.
#[derive(Clone, Debug)]
enum State {
    /// Nothing was sent.
    Begin(Option<Resume>),
    /// Changes are read from the list.
    Behind,
    /// Changes are told as they happen.
    Live,
}

impl Feed {
    pub(super) fn new(store: Store, filter: Filter, resume: Option<Resume>) -> Self {
        Self {
            // Before the first look: what happens after it is told.
            news: store.news(),
            store,
            filter,
            state: State::Begin(resume),
            waiting: VecDeque::new(),
            seen: 0,
            sent: 0,
        }
    }

    /// The messages; they end when the store is closed, and after an error.
    pub fn updates(self) -> impl Stream<Item = Result<Update, QueryError>> + Send + 'static {
        stream::unfold(Some(self), |feed| async {
            let mut feed = feed?;
            match feed.next().await {
                Ok(Some(update)) => Some((Ok(update), Some(feed))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        })
    }

    async fn next(&mut self) -> Result<Option<Update>, QueryError> {
        loop {
            if let Some(update) = self.waiting.pop_front() {
                return Ok(Some(update));
            }
            match self.state.clone() {
                State::Begin(None) => self.begin(false).await?,
                State::Begin(Some(resume)) => self.resume(resume).await?,
                State::Behind => self.catch_up().await?,
                State::Live => match self.news.recv().await {
                    Ok(news) => self.hear(&news),
                    Err(RecvError::Lagged(_)) => self.state = State::Behind,
                    Err(RecvError::Closed) => return Ok(None),
                },
            }
        }
    }

    /// Sends all rows.
    async fn begin(&mut self, resync: bool) -> Result<(), QueryError> {
        let filter = self.filter.clone();
        let look = move |read: &crate::store::read::Read<'_>| {
            let seq = changes::span(read)?.last;
            Ok::<_, QueryError>((seq, rows::matching(read, &filter, MAX_ROWS)?))
        };
        let (seq, rows) = self.store.read(look).await?;
        self.start(seq, Some(rows), resync);
        self.state = State::Live;
        Ok(())
    }

    /// Goes on where a reader was, if that can be done.
    async fn resume(&mut self, resume: Resume) -> Result<(), QueryError> {
        let Span { first, last } = self.store.read(changes::span).await?;
        let is_known = (first - 1..=last).contains(&resume.since);
        if resume.epoch != self.store.epoch() || !is_known {
            return self.begin(true).await;
        }
        self.start(resume.since, None, false);
        self.state = State::Behind;
        Ok(())
    }

    fn start(&mut self, seq: i64, rows: Option<Vec<Value>>, resync: bool) {
        (self.seen, self.sent) = (seq, seq);
        let epoch = self.store.epoch().to_owned();
        self.waiting.push_back(Update::Rows {
            seq,
            epoch,
            rows,
            resync,
        });
    }

    /// Reads what it has not seen from the list.
    async fn catch_up(&mut self) -> Result<(), QueryError> {
        let seen = self.seen;
        let look = move |read: &crate::store::read::Read<'_>| {
            let span = changes::span(read)?;
            Ok::<_, Error>((span.first, changes::after(read, seen, BATCH)?))
        };
        let (first, missed) = self.store.read(look).await?;
        if first > seen + 1 {
            return self.begin(true).await;
        }
        if missed.is_empty() {
            self.state = State::Live;
        }
        self.hear(&missed);
        Ok(())
    }

    /// Takes changes, of which it may have seen some.
    fn hear(&mut self, news: &[Change]) {
        for change in news {
            if change.seq <= self.seen {
                continue;
            }
            if change.seq > self.seen + 1 {
                self.state = State::Behind;
                return;
            }
            self.seen = change.seq;
            let update = (change.table == self.filter.table.rows_of)
                .then(|| self.view(change))
                .flatten();
            if let Some(update) = update {
                self.sent = change.seq;
                self.waiting.push_back(update);
            }
        }
    }

    /// What a change is to this query.
    fn view(&self, change: &Change) -> Option<Update> {
        let show = |row: &Option<Arc<Fields>>| {
            let row = row.as_ref().filter(|row| self.filter.matches(row))?;
            Some(self.filter.show(row))
        };
        let (old_val, new_val) = (show(&change.old), show(&change.new));
        let action = match (&old_val, &new_val) {
            (None, None) => return None,
            (Some(old), Some(new)) if old == new => return None,
            (None, Some(_)) => Act::Insert,
            (Some(_), Some(_)) => Act::Update,
            (Some(_), None) => Act::Delete,
        };
        Some(Update::Change {
            seq: change.seq,
            prev: self.sent,
            action,
            new_val,
            old_val,
        })
    }
}
