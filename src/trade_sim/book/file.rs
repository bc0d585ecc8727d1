//! The book on the disk: one JSON line per effect, written before the answer, read at start.
//!
//! A line goes down in one write, so a killed process leaves whole lines, and at most one torn
//! one at the end, whose call was never answered: it is cut off. (A machine that loses its power may
//! lose more: the simulator does not wait for the disk.)

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::check::{NewTrade, known_order_type};
use super::super::wire::{Decimal, Number, Text, Timestamp};
use super::{Book, Times};
use crate::domain::amount::Amount;
use crate::domain::moment::Moment;

/// Why a book cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    #[error("the book {} cannot be read or written", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("the book {} is in use by another simulator", path.display())]
    InUse { path: PathBuf },
    #[error("the book {} is no book of effects: line {line}: {reason}", path.display())]
    Strange { path: PathBuf, line: usize, reason: String },
}

/// What one line says; exactly one of the lists is there.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Effect<'a> {
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    placed: Vec<Placed<'a>>,
    #[serde(skip_serializing_if = "<[i32]>::is_empty")]
    refused: &'a [i32],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Placed<'a> {
    id: u32,
    order_id: i32,
    portfolio_id: &'a str,
    security_id: &'a str,
    order_type: &'a str,
    quantity: Number,
    limit_price: Option<Number>,
    trade_timestamp: String,
    blotter_id: Option<u8>,
}

#[derive(Deserialize)]
struct EffectRead<'a> {
    #[serde(borrow)]
    key: Option<Text<'a>>,
    #[serde(borrow, default)]
    placed: Vec<PlacedRead<'a>>,
    #[serde(default)]
    refused: Vec<i32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlacedRead<'a> {
    id: u32,
    order_id: i32,
    #[serde(borrow)]
    portfolio_id: Text<'a>,
    #[serde(borrow)]
    security_id: Text<'a>,
    #[serde(borrow)]
    order_type: Text<'a>,
    #[serde(borrow)]
    quantity: Decimal<'a>,
    #[serde(borrow)]
    limit_price: Option<Decimal<'a>>,
    trade_timestamp: Timestamp,
    blotter_id: Option<u8>,
}

/// The open file, ours alone.
#[derive(Debug)]
pub(in super::super) struct BookFile {
    path: PathBuf,
    file: File,
    /// The whole lines; what lies behind them is cut off.
    length: u64,
    line: Vec<u8>,
}

impl BookFile {
    /// Opens or creates the file and reads what it holds into a book.
    pub(in super::super) fn open(path: &Path) -> Result<(Self, Book), BookError> {
        let failed = |source| BookError::Io { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BookError::InUse { path: path.into() }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let mut opened = Self { path: path.to_owned(), file, length: 0, line: Vec::new() };
        let book = opened.read()?;
        opened.cut().map_err(failed)?;
        Ok((opened, book))
    }

    fn read(&mut self) -> Result<Book, BookError> {
        let (mut book, mut number, mut line) = (Book::default(), 0, Vec::new());
        let mut reader = BufReader::new(&self.file);
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line);
            read.map_err(|source| BookError::Io { path: self.path.clone(), source })?;
            if line.last() != Some(&b'\n') {
                return Ok(book);
            }
            number += 1;
            restore(&mut book, &line).map_err(|reason| BookError::Strange {
                path: self.path.clone(),
                line: number,
                reason,
            })?;
            self.length += u64::try_from(line.len()).unwrap_or(u64::MAX);
        }
    }

    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length)).map(drop)
    }

    /// Writes down what is about to be placed.
    pub(in super::super) fn placed(
        &mut self,
        first_id: u32,
        trades: &[NewTrade<'_>],
        key: Option<&str>,
        now: Moment,
    ) -> io::Result<()> {
        let placed = (first_id..).zip(trades).map(|(id, new)| Placed {
            id,
            order_id: new.order_id,
            portfolio_id: &new.portfolio_id,
            security_id: &new.security_id,
            order_type: new.order_type,
            quantity: Number(new.quantity),
            limit_price: new.limit_price.map(Number),
            trade_timestamp: new.traded_at.unwrap_or(now).to_string(),
            blotter_id: new.blotter_id,
        });
        let placed = placed.collect();
        self.append(&Effect { at: now.to_string(), key, placed, refused: &[] })
    }

    /// Writes down what the unique order id refused.
    pub(in super::super) fn refused(&mut self, order_ids: &[i32], now: Moment) -> io::Result<()> {
        let at = now.to_string();
        self.append(&Effect { at, key: None, placed: Vec::new(), refused: order_ids })
    }

    fn append(&mut self, effect: &Effect<'_>) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, effect)?;
        self.line.push(b'\n');
        if let Err(error) = self.file.write_all(&self.line) {
            // A full disk may have taken a part. If that cannot be cut off, the next line would
            // make it look whole, but then the next cut fails as well.
            self.cut()?;
            return Err(error);
        }
        self.length += u64::try_from(self.line.len()).unwrap_or(u64::MAX);
        Ok(())
    }
}

/// Does to the book what a line tells.
fn restore(book: &mut Book, line: &[u8]) -> Result<(), String> {
    let effect: EffectRead<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let first_id = effect.placed.first().map(|placed| placed.id);
    if first_id.is_some() && first_id != book.next_id() {
        return Err(format!("the next trade id is {:?}, not {first_id:?}", book.next_id()));
    }
    let trades: Result<Vec<_>, _> = effect.placed.into_iter().map(trade).collect();
    let times = Times { utc: Moment::from_micros(0), running: None };
    book.place(&trades?, effect.key.as_ref().map(|key| &*key.0), &times);
    book.refuse(&effect.refused);
    Ok(())
}

fn trade(placed: PlacedRead<'_>) -> Result<NewTrade<'_>, String> {
    let amount = |text: Decimal<'_>| Amount::parse(&text.0).map_err(|error| error.to_string());
    Ok(NewTrade {
        order_id: placed.order_id,
        portfolio_id: placed.portfolio_id.0,
        security_id: placed.security_id.0,
        order_type: known_order_type(&placed.order_type.0).ok_or("an unknown order type")?,
        quantity: amount(placed.quantity)?,
        limit_price: placed.limit_price.map(amount).transpose()?,
        traded_at: Some(placed.trade_timestamp.0),
        blotter_id: placed.blotter_id,
    })
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn new(order_id: i32) -> NewTrade<'static> {
        NewTrade {
            order_id,
            portfolio_id: Cow::Borrowed("p\"\n"),
            security_id: Cow::Borrowed("s"),
            order_type: "COVER",
            quantity: Amount::parse("0.1").unwrap(),
            limit_price: Amount::parse("9999999999.99999999").ok(),
            traded_at: None,
            blotter_id: Some(3),
        }
    }

    fn place(file: &mut BookFile, book: &mut Book, order_ids: &[i32], key: Option<&str>) {
        let trades: Vec<_> = order_ids.iter().map(|id| new(*id)).collect();
        let times = Times { utc: Moment::from_micros(1_767_623_400_181_000), running: None };
        file.placed(book.next_id().unwrap(), &trades, key, times.utc).unwrap();
        book.place(&trades, key, &times);
    }

    #[test]
    fn a_book_that_is_opened_again_says_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book.jsonl");
        let (mut file, mut book) = BookFile::open(&path).unwrap();
        place(&mut file, &mut book, &[7, 8], Some("key"));
        place(&mut file, &mut book, &[9], None);
        file.refused(&[7], Moment::from_micros(0)).unwrap();
        book.refuse(&[7]);
        drop(file);

        let (_file, again) = BookFile::open(&path).unwrap();

        assert_eq!(format!("{again:?}").len(), format!("{book:?}").len());
        assert_eq!(again.counts(), book.counts());
        assert_eq!(again.trade(2), book.trade(2));
        assert_eq!(again.next_id(), Some(4));
        let rules = super::super::Rules { honour_keys: true, allow_duplicates: false };
        let verdict = again.judge(&[new(7), new(8)], Some("key"), rules);
        assert_eq!(verdict, super::super::Verdict::Replay(0..2));
    }

    #[test]
    fn a_torn_last_line_is_cut_off_and_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book.jsonl");
        let (mut file, mut book) = BookFile::open(&path).unwrap();
        place(&mut file, &mut book, &[7], None);
        place(&mut file, &mut book, &[8], None);
        drop(file);
        let text = std::fs::read(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 9]).unwrap();

        let (mut file, mut book) = BookFile::open(&path).unwrap();
        assert_eq!((book.next_id(), book.count(8).placed), (Some(2), 0));
        place(&mut file, &mut book, &[8], None);
        drop(file);

        assert_eq!(std::fs::read(&path).unwrap(), text);
    }

    #[test]
    fn what_is_no_book_and_what_another_holds_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book.jsonl");
        std::fs::write(&path, "{\"at\":\"\"}\nhello\n").unwrap();
        assert!(matches!(BookFile::open(&path), Err(BookError::Strange { line: 2, .. })));

        std::fs::write(&path, "").unwrap();
        let (_first, _) = BookFile::open(&path).unwrap();
        assert!(matches!(BookFile::open(&path), Err(BookError::InUse { .. })));
    }
}
