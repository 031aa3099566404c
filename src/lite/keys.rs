//! API keys: what a program shows instead of a person's sign-in.
//!
//! ```text
//! sk-4f7q2m9c-Zk3…      `sk-`, the key's id, its secret
//! ```
//!
//! A key is somebody: the account, or a project (`project:compute-1`), with the
//! rights of that on the bus and no others. Only a key of the account opens the
//! door of HTTP. What is kept of a key is the SHA-256 of its text: a copy of
//! the database signs nobody in, and the text is shown once.
//!
//! A key that is revoked, or whose time is over, ends its connections to the bus
//! ([`Keys::is_valid`]).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use sha2::Digest;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::identity::Identity;
use super::stored;
use crate::messaging::access::Admission;
use crate::protocol::call::Refusal;
use crate::protocol::keys::ApiKey;
use crate::protocol::keys::NewKey;
use crate::protocol::keys::Scope;
use crate::store::database::Store;
use crate::store::error::Error;
use crate::store::value::Row;
use crate::store::value::Value;
use crate::sys::clock;
use crate::sys::secret;
use crate::sys::secret::Secret;
use crate::web::keyring::Opens;

/// What every key begins with.
const PREFIX: &str = "sk-";

/// The length of a key's id.
const ID_LETTERS: usize = 8;

/// How many keys there may be; a program that makes one for each of its runs is
/// told before it fills the disk.
const MAX_KEYS: usize = 1000;

/// The longest name, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// How often the database hears that a key is used.
const USE_INTERVAL_MS: u64 = 60_000;

/// The keys of a server; the database keeps them.
pub struct Keys {
    store: Store,
    /// Who `account` is.
    account: Identity,
    /// By id; for short sections, never held over an await.
    known: Mutex<HashMap<String, Known>>,
}

struct Known {
    key: ApiKey,
    hash: [u8; 32],
}

impl Keys {
    /// Reads the keys that there are.
    ///
    /// # Errors
    /// What the store says.
    pub async fn open(store: Store, account: Identity) -> Result<Arc<Self>, Error> {
        let sql = "SELECT id, name, scope, hash, created, expires, used FROM api_keys";
        let rows = store.read(move |read| read.query(sql, &[], known)).await?;
        let known = rows
            .into_iter()
            .map(|known| (known.key.id.clone(), known))
            .collect();
        Ok(Arc::new(Self {
            store,
            account,
            known: Mutex::new(known),
        }))
    }

    /// Makes a key; returns it with its text, which nobody can tell again.
    ///
    /// # Errors
    /// 400 for a name or time that is none, 409 when there are too many, else
    /// what the store says.
    pub async fn create(&self, asked: NewKey) -> Result<(ApiKey, Secret), Refusal> {
        let NewKey {
            name,
            scope,
            expires,
        } = asked;
        if name.trim().is_empty() || name.len() > MAX_NAME_BYTES {
            let text = format!("a key's name has 1 to {MAX_NAME_BYTES} bytes");
            return Err(Refusal::new(400, text));
        }
        let now = clock::now_ms();
        if expires.is_some_and(|end| end <= now) {
            return Err(Refusal::new(400, "the key would end before it begins"));
        }
        if self.known().len() >= MAX_KEYS {
            let text = format!("there are {MAX_KEYS} keys; revoke some that are not used");
            return Err(Refusal::new(409, text));
        }
        let key = ApiKey {
            id: secret::word(ID_LETTERS),
            name,
            scope,
            created: now,
            expires,
            last_used: None,
        };
        let text = format!("{PREFIX}{}-{}", key.id, Secret::random().reveal());
        let hash: [u8; 32] = Sha256::digest(&text).into();
        let values = row(&key, hash);
        let sql = "INSERT INTO api_keys (id, name, scope, hash, created, expires) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let written = self.store.write(move |write| write.execute(sql, &values));
        written.await.map_err(stored::refused)?;
        tracing::info!(id = key.id, name = key.name, scope = %key.scope, "made an API key");
        let known = Known {
            key: key.clone(),
            hash,
        };
        self.known().insert(key.id.clone(), known);
        Ok((key, Secret::from_text(&text)))
    }

    /// Lists the keys, oldest first.
    pub fn list(&self) -> Vec<ApiKey> {
        let mut keys: Vec<ApiKey> = self
            .known()
            .values()
            .map(|known| known.key.clone())
            .collect();
        keys.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        keys
    }

    /// Revokes a key.
    ///
    /// # Errors
    /// 404 when there is none of this id, else what the store says; it works on
    /// then.
    pub async fn revoke(&self, id: &str) -> Result<ApiKey, Refusal> {
        let absent = || Refusal::new(404, format!("there is no key `{id}`"));
        if !self.known().contains_key(id) {
            return Err(absent());
        }
        let values = [Value::from(id)];
        let sql = "DELETE FROM api_keys WHERE id = ?1";
        let written = self.store.write(move |write| write.execute(sql, &values));
        written.await.map_err(stored::refused)?;
        let known = self.known().remove(id).ok_or_else(absent)?;
        tracing::info!(id, name = known.key.name, "revoked an API key");
        Ok(known.key)
    }

    /// Says what a key lets do on the bus.
    pub fn admit(&self, offered: &str) -> Option<Admission> {
        let (id, scope) = self.find(offered)?;
        let identity = match scope {
            Scope::Account => self.account.clone(),
            Scope::Project(id) => Identity::Project(id),
        };
        Some(Admission {
            access: identity.access(),
            credential: Some(id),
        })
    }

    /// Says what a key opens.
    pub fn opens(&self, offered: &str) -> Option<Opens> {
        self.find(offered).map(|(_, scope)| match scope {
            Scope::Account => Opens::Door,
            Scope::Project(_) => Opens::Bus,
        })
    }

    /// Finds a key by its text, and notes that it is used.
    fn find(&self, offered: &str) -> Option<(String, Scope)> {
        let id = offered.strip_prefix(PREFIX)?.get(..ID_LETTERS)?;
        let hash: [u8; 32] = Sha256::digest(offered).into();
        let now = clock::now_ms();
        let mut known = self.known();
        let found = known.get_mut(id)?;
        let is_right: bool = found.hash.ct_eq(&hash).into();
        if !is_right || found.is_over(now) {
            return None;
        }
        let last = found.key.last_used.unwrap_or_default();
        if now >= last + USE_INTERVAL_MS {
            found.key.last_used = Some(now);
            self.note_use(id.to_owned(), now);
        }
        Some((id.to_owned(), found.key.scope.clone()))
    }

    /// Says whether the key of this id still lets in.
    pub fn is_valid(&self, id: &str) -> bool {
        let now = clock::now_ms();
        let known = self.known();
        known.get(id).is_some_and(|known| !known.is_over(now))
    }

    /// Tells the database; nobody waits for that, and a time that is not told
    /// is told with the next use.
    fn note_use(&self, id: String, now: u64) {
        let store = self.store.clone();
        tokio::spawn(async move {
            let values = [Value::from(now.cast_signed()), Value::from(id)];
            let sql = "UPDATE api_keys SET used = ?1 WHERE id = ?2";
            let written = store.write(move |write| write.execute(sql, &values));
            if let Err(error) = written.await {
                tracing::debug!(%error, "cannot note that a key was used");
            }
        });
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn is_over(&self, now: u64) -> bool {
        self.key.expires.is_some_and(|end| end <= now)
    }
}

/// The columns of a key, in the order of its table.
fn row(key: &ApiKey, hash: [u8; 32]) -> [Value; 6] {
    [
        Value::from(&*key.id),
        Value::from(&*key.name),
        Value::from(key.scope.to_string()),
        Value::from(hash.to_vec()),
        Value::from(key.created.cast_signed()),
        key.expires
            .map_or(Value::Null, |end| Value::from(end.cast_signed())),
    ]
}

fn known(row: &Row<'_>) -> Result<Known, Error> {
    let scope: String = row.get(2)?;
    let hash: Vec<u8> = row.get(3)?;
    let unsigned = |number: i64| number.cast_unsigned();
    Ok(Known {
        key: ApiKey {
            id: row.get(0)?,
            name: row.get(1)?,
            // One that a later version knows has no right here.
            scope: Scope::try_from(scope).unwrap_or(Scope::Project(String::new())),
            created: row.get(4).map(unsigned)?,
            expires: row.get::<Option<i64>>(5)?.map(unsigned),
            last_used: row.get::<Option<i64>>(6)?.map(unsigned),
        },
        // None that is shown has a hash of another length.
        hash: hash.try_into().unwrap_or_default(),
    })
}
