//! A record of the redo log: the statements of one group.
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | length of the body |
//! | 8 | the group's number |
//! | 4 | the version of the schema that the statements are for |
//! | 4 | CRC-32 of the 16 bytes before and of the body |
//! | … | body: number of texts; each text; then each statement |
//!
//! Numbers are little-endian, 4 bytes; a text or a blob is its length and its
//! bytes. A statement is the place of its text, how many parameters it has, and
//! each of them: a tag, then 8 bytes, a text or a blob.

use std::collections::HashMap;

use flate2::Crc;

use crate::store::value::Value;

/// Bytes before a record's body.
pub(super) const HEADER_BYTES: usize = 20;

/// The most bytes in one write's statements; more would make recovery need
/// more memory than a small machine has.
pub(crate) const MAX_WRITE_BYTES: usize = 64 << 20;

/// The largest body that is believed: a group's writes, of which each but the
/// last is small.
const MAX_BODY_BYTES: usize = 2 * MAX_WRITE_BYTES;

/// A statement with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Statement {
    /// The SQL, one statement.
    pub(crate) sql: String,
    /// Its parameters, `?1` first.
    pub(crate) values: Vec<Value>,
}

/// One group as it stands in the log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    /// Its number; the next group's is one more.
    pub(crate) group: u64,
    /// The version of the schema that it is for.
    pub(crate) schema: u32,
    /// What was executed, in order.
    pub(crate) statements: Vec<Statement>,
}

/// What a record's first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) body_bytes: usize,
    pub(super) group: u64,
    pub(super) schema: u32,
    checksum: u32,
}

/// The statements of a group while it is being made.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    places: HashMap<String, u32>,
    texts: Vec<u8>,
    statements: Vec<u8>,
}

impl Recording {
    /// Adds a statement that was executed.
    pub(crate) fn add(&mut self, sql: &str, values: &[Value]) {
        let place = self.place(sql);
        put_number(&mut self.statements, place);
        put_number(&mut self.statements, length(values.len()));
        for value in values {
            put_value(&mut self.statements, value);
        }
    }

    /// How many bytes it has.
    pub(crate) fn bytes(&self) -> usize {
        self.texts.len() + self.statements.len()
    }

    /// How many bytes the statements have, without their texts.
    pub(crate) fn len(&self) -> usize {
        self.statements.len()
    }

    /// Says whether nothing was executed.
    pub(crate) fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Forgets what was added after it had `length_bytes`.
    pub(crate) fn rewind(&mut self, length_bytes: usize) {
        self.statements.truncate(length_bytes);
    }

    /// Makes it the record of a group.
    pub(super) fn encode(&self, group: u64, schema: u32) -> Vec<u8> {
        let body_bytes = 4 + self.bytes();
        let mut record = Vec::with_capacity(HEADER_BYTES + body_bytes);
        put_number(&mut record, length(body_bytes));
        record.extend(group.to_le_bytes());
        put_number(&mut record, schema);
        put_number(&mut record, 0);
        put_number(&mut record, length(self.places.len()));
        record.extend(&self.texts);
        record.extend(&self.statements);
        let checksum = checksum(&record[..16], &record[HEADER_BYTES..]);
        record[16..HEADER_BYTES].copy_from_slice(&checksum.to_le_bytes());
        record
    }

    /// The place of a text; one that is used often stands there once.
    fn place(&mut self, sql: &str) -> u32 {
        if let Some(place) = self.places.get(sql) {
            return *place;
        }
        let place = length(self.places.len());
        self.places.insert(sql.to_owned(), place);
        put_bytes(&mut self.texts, sql.as_bytes());
        place
    }
}

impl Header {
    /// Reads the bytes before a body; `None` is no header.
    pub(super) fn read(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let mut rest = Reader(bytes);
        let header = Self {
            body_bytes: rest.number()? as usize,
            group: rest.long()?,
            schema: rest.number()?,
            checksum: rest.number()?,
        };
        (4..=MAX_BODY_BYTES)
            .contains(&header.body_bytes)
            .then_some(header)
    }

    /// Reads the body; `None` is one that was not written like this.
    pub(super) fn decode(&self, bytes: &[u8; HEADER_BYTES], body: &[u8]) -> Option<Record> {
        if checksum(&bytes[..16], body) != self.checksum {
            return None;
        }
        Some(Record {
            group: self.group,
            schema: self.schema,
            statements: statements(body)?,
        })
    }
}

fn statements(body: &[u8]) -> Option<Vec<Statement>> {
    let mut rest = Reader(body);
    let texts = (0..rest.number()?)
        .map(|_| rest.text())
        .collect::<Option<Vec<String>>>()?;
    let mut statements = Vec::new();
    while !rest.0.is_empty() {
        let sql = texts.get(rest.number()? as usize)?.clone();
        let values = (0..rest.number()?)
            .map(|_| rest.value())
            .collect::<Option<Vec<Value>>>()?;
        statements.push(Statement { sql, values });
    }
    Some(statements)
}

/// What is still to be read of a record.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn long(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_le_bytes)
    }

    fn bytes(&mut self) -> Option<Vec<u8>> {
        let count = self.number()? as usize;
        self.take(count).map(<[u8]>::to_vec)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?).ok()
    }

    fn value(&mut self) -> Option<Value> {
        Some(match self.take(1)? {
            b"n" => Value::Null,
            b"i" => Value::Integer(self.long()?.cast_signed()),
            b"r" => Value::Real(f64::from_bits(self.long()?)),
            b"t" => Value::Text(self.text()?),
            b"b" => Value::Blob(self.bytes()?),
            _ => return None,
        })
    }
}

fn put_value(to: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => to.push(b'n'),
        Value::Integer(number) => {
            to.push(b'i');
            to.extend(number.to_le_bytes());
        }
        Value::Real(number) => {
            to.push(b'r');
            to.extend(number.to_bits().to_le_bytes());
        }
        Value::Text(text) => {
            to.push(b't');
            put_bytes(to, text.as_bytes());
        }
        Value::Blob(bytes) => {
            to.push(b'b');
            put_bytes(to, bytes);
        }
    }
}

fn put_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    put_number(to, length(bytes.len()));
    to.extend(bytes);
}

fn put_number(to: &mut Vec<u8>, number: u32) {
    to.extend(number.to_le_bytes());
}

fn length(count: usize) -> u32 {
    u32::try_from(count).expect("SQLite takes no text or blob of 4 GiB")
}

fn checksum(header: &[u8], body: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(header);
    crc.update(body);
    crc.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording() -> Recording {
        let mut recording = Recording::default();
        let all = [
            Value::Null,
            Value::Integer(-7),
            Value::Real(0.5),
            Value::Text("größe".into()),
            Value::Blob(vec![0, 255]),
        ];
        recording.add("INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5)", &all);
        recording.add("DELETE FROM t", &[]);
        recording.add("INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5)", &all);
        recording
    }

    fn decode(record: &[u8]) -> Option<Record> {
        let (head, body) = record.split_first_chunk::<HEADER_BYTES>()?;
        Header::read(head)?.decode(head, body)
    }

    #[test]
    fn what_was_recorded_is_read_again() {
        let record = decode(&recording().encode(7, 3)).unwrap();
        assert_eq!((record.group, record.schema), (7, 3));
        assert_eq!(record.statements.len(), 3);
        assert_eq!(record.statements[0], record.statements[2]);
        assert_eq!(record.statements[0].values[3], "größe".into());
        assert_eq!(record.statements[1].sql, "DELETE FROM t");
    }

    #[test]
    fn no_record_with_a_wrong_bit_is_read() {
        let good = recording().encode(1, 1);
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&bad), None, "bit {bit}");
        }
    }

    #[test]
    fn what_is_rewound_is_not_recorded() {
        let mut recording = recording();
        let before = recording.len();
        recording.add("DROP TABLE t", &[]);
        recording.rewind(before);
        let record = decode(&recording.encode(1, 1)).unwrap();
        assert_eq!(record.statements.len(), 3);
    }
}
