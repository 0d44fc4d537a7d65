//! Limits of a SQL text, and those of them that the tokeniser can apply: it loops, while the
//! parser behind it recurses.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan};
use serde::Deserialize;

use super::tokens_of;
use crate::error::{BridgeError, Result};

#[derive(Deserialize, Clone, Copy)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub max_bytes: usize,
    pub max_tokens: usize,
    pub max_nesting: usize,
    pub max_prefix_run: usize,
    pub max_ast_depth: usize,
    pub max_ast_nodes: usize,
    pub max_chain: usize,
    pub max_joins: usize,
    pub max_in_list: usize,
    pub max_subquery_depth: usize,
    pub max_with_depth: usize,
    pub plan_stack_bytes: usize,
}

/// A limit was passed at this place.
pub fn passed(limit: &str, value: usize, maximum: usize, at: Location) -> BridgeError {
    BridgeError::sql_limit(
        limit,
        format!("the SQL text passes a limit: {limit} is {value} and may be {maximum}"),
    )
    .with_position(at.line, at.column)
}

pub struct Tokens {
    pub tokens: Vec<TokenWithSpan>,
    /// Without white space and comments.
    pub count: usize,
    /// The deepest bracket of any kind, or CASE.
    pub nesting: usize,
}

pub fn tokenise(sql: &str, limits: &Limits) -> Result<Tokens> {
    let start = Location { line: 1, column: 1 };
    if sql.len() > limits.max_bytes {
        return Err(passed("max_bytes", sql.len(), limits.max_bytes, start));
    }
    let tokens = tokens_of(sql)?;
    let mut scan = Scan::default();
    for token in &tokens {
        scan.take(token, limits)?;
    }
    Ok(Tokens {
        count: scan.count,
        nesting: scan.deepest,
        tokens,
    })
}

#[derive(Default)]
struct Scan {
    count: usize,
    brackets: usize,
    angles: usize,
    /// CASE without its END. The parser runs out of depth in it and says something else.
    cases: usize,
    /// `[]` in a row: each makes the type before it a list.
    lists: usize,
    deepest: usize,
    /// Equal tokens in a row that each may open another level of recursion.
    run: usize,
    /// EXPLAIN recurses without a limit of the parser's, whatever stands between two of them.
    explains: usize,
    previous: Option<Token>,
}

impl Scan {
    fn take(&mut self, token: &TokenWithSpan, limits: &Limits) -> Result<()> {
        let at = token.span.start;
        let token = &token.token;
        if matches!(token, Token::Whitespace(_) | Token::EOF) {
            return Ok(());
        }
        self.count += 1;
        if self.count > limits.max_tokens {
            return Err(passed("max_tokens", self.count, limits.max_tokens, at));
        }
        self.nest(token);
        let depth = self.brackets + self.angles + self.cases + self.lists;
        self.deepest = self.deepest.max(depth);
        if depth > limits.max_nesting {
            return Err(passed("max_nesting", depth, limits.max_nesting, at));
        }
        self.repeat(token);
        let run = self.run.max(self.explains);
        if run > limits.max_prefix_run {
            return Err(passed("max_prefix_run", run, limits.max_prefix_run, at));
        }
        self.previous = Some(token.clone());
        Ok(())
    }

    fn nest(&mut self, token: &Token) {
        match token {
            Token::RBracket if self.previous == Some(Token::LBracket) => self.lists += 1,
            Token::LBracket => {}
            _ => self.lists = 0,
        }
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => self.brackets += 1,
            Token::RParen | Token::RBracket | Token::RBrace => {
                self.brackets = self.brackets.saturating_sub(1);
            }
            Token::Lt if self.previous.as_ref().is_some_and(opens_type) => self.angles += 1,
            Token::Gt => self.angles = self.angles.saturating_sub(1),
            Token::ShiftRight => self.angles = self.angles.saturating_sub(2),
            Token::SemiColon => {
                self.brackets = 0;
                self.angles = 0;
                self.cases = 0;
                self.explains = 0;
            }
            Token::Word(word) if word.quote_style.is_none() => match word.keyword {
                Keyword::EXPLAIN => self.explains += 1,
                Keyword::CASE | Keyword::END if self.previous.as_ref().is_some_and(names_next) => {}
                Keyword::CASE => self.cases += 1,
                Keyword::END => self.cases = self.cases.saturating_sub(1),
                _ => {}
            },
            _ => {}
        }
    }

    fn repeat(&mut self, token: &Token) {
        let counts = match token {
            // Nested CASEs end in a row without harm.
            Token::Word(word) => {
                !matches!(word.keyword, Keyword::NoKeyword | Keyword::END)
                    && word.quote_style.is_none()
            }
            Token::Minus
            | Token::Plus
            | Token::Tilde
            | Token::ExclamationMark
            | Token::DoubleExclamationMark
            | Token::AtSign
            | Token::PGSquareRoot
            | Token::PGCubeRoot
            | Token::Caret
            | Token::Sharp
            | Token::QuestionMarkDash
            | Token::QuestionPipe => true,
            _ => false,
        };
        let same = match (&self.previous, token) {
            // NOT and not are one keyword.
            (Some(Token::Word(left)), Token::Word(right)) => left.keyword == right.keyword,
            (Some(left), right) => left == right,
            (None, _) => false,
        };
        self.run = match (counts, same) {
            (true, true) => self.run + 1,
            (true, false) => 1,
            (false, _) => 0,
        };
    }
}

/// CASE and END after these are names: `t.case`, `1 AS end`.
fn names_next(token: &Token) -> bool {
    match token {
        Token::Period => true,
        Token::Word(word) => word.quote_style.is_none() && word.keyword == Keyword::AS,
        _ => false,
    }
}

/// `<` after these may begin a list of types, which the parser reads by recursion.
fn opens_type(token: &Token) -> bool {
    let Token::Word(word) = token else {
        return false;
    };
    matches!(
        word.keyword,
        Keyword::STRUCT | Keyword::ARRAY | Keyword::MAP | Keyword::NESTED | Keyword::TUPLE
    ) || word.value.eq_ignore_ascii_case("list")
}
