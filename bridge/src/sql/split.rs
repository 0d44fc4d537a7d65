//! The one splitter: which tokens, and which bytes, are which statement.

use std::ops::Range;

use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan};
use serde::Serialize;

use super::caps::{self, Limits};
use crate::abi::LgStr;
use crate::error::{BridgeError, Result};
use crate::fence;
use crate::text::Text;

#[derive(Serialize)]
struct Piece {
    start: usize,
    end: usize,
    line: u64,
    column: u64,
}

/// Statements as ranges of tokens; comments and empty statements are none.
pub struct Statements<'a> {
    tokens: &'a [TokenWithSpan],
    pub ranges: Vec<Range<usize>>,
}

impl<'a> Statements<'a> {
    pub fn find(tokens: &'a [TokenWithSpan]) -> Self {
        let mut ranges = Vec::new();
        let mut current: Option<Range<usize>> = None;
        for (index, token) in tokens.iter().enumerate() {
            match token.token {
                Token::SemiColon => ranges.extend(current.take()),
                Token::Whitespace(_) | Token::EOF => {}
                _ => {
                    let start = current.as_ref().map_or(index, |range| range.start);
                    current = Some(start..index + 1);
                }
            }
        }
        ranges.extend(current);
        Statements { tokens, ranges }
    }

    pub fn tokens_of(&self, range: &Range<usize>) -> &'a [TokenWithSpan] {
        self.tokens.get(range.clone()).unwrap_or_default()
    }

    fn pieces(&self, sql: &str) -> Vec<Piece> {
        let mut cursor = Cursor::new(sql);
        let mut pieces = Vec::with_capacity(self.ranges.len());
        for range in &self.ranges {
            let tokens = self.tokens_of(range);
            if let (Some(first), Some(last)) = (tokens.first(), tokens.last()) {
                pieces.push(Piece {
                    start: cursor.byte_of(first.span.start),
                    end: cursor.byte_of(last.span.end),
                    line: first.span.start.line,
                    column: first.span.start.column,
                });
            }
        }
        pieces
    }
}

/// Walks the text once, counting lines and columns as the tokeniser does.
struct Cursor<'a> {
    rest: std::iter::Peekable<std::str::CharIndices<'a>>,
    at: Location,
    length: usize,
}

impl<'a> Cursor<'a> {
    fn new(sql: &'a str) -> Self {
        Cursor {
            rest: sql.char_indices().peekable(),
            at: Location { line: 1, column: 1 },
            length: sql.len(),
        }
    }

    fn byte_of(&mut self, place: Location) -> usize {
        while self.at < place {
            match self.rest.next() {
                Some((_, '\n')) => {
                    self.at = Location {
                        line: self.at.line + 1,
                        column: 1,
                    };
                }
                Some(_) => self.at.column += 1,
                None => return self.length,
            }
        }
        self.rest.peek().map_or(self.length, |(byte, _)| *byte)
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_sql_split(
    sql: LgStr,
    limits: LgStr,
    out: *mut *mut Text,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let limits: Limits = unsafe { fence::options(limits, "limits") }?;
        let sql = unsafe { fence::text(sql, "sql") }?;
        let pieces = split(sql, &limits)?;
        unsafe { fence::give(out, Text::json(&pieces)?) }
    })
}

fn split(sql: &str, limits: &Limits) -> Result<Vec<Piece>> {
    let tokens = caps::tokenise(sql, limits)?;
    Ok(Statements::find(&tokens.tokens).pieces(sql))
}
