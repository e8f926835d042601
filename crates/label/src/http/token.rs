//! The secret that opens the page.

use foretask_experiment::Error;

/// 128 random bits, in hexadecimal digits.
#[derive(Clone)]
pub(crate) struct Token(String);

impl Token {
    /// A new one, of the system's own randomness: it is no result, and nobody may guess it.
    ///
    /// # Errors
    /// Where the system has none.
    pub(crate) fn new() -> Result<Self, Error> {
        let mut bytes = [0_u8; 16];
        getrandom::getrandom(&mut bytes)
            .map_err(|error| Error::failed(format!("this system gives no random numbers: {error}")))?;
        Ok(Self(format!("{:032x}", u128::from_be_bytes(bytes))))
    }

    /// Its digits, for the address of the page.
    pub(crate) fn digits(&self) -> &str {
        &self.0
    }

    /// Whether somebody knows it; takes as long for a wrong guess as for any other.
    pub(crate) fn is(&self, guess: &str) -> bool {
        let (own, guess) = (self.0.as_bytes(), guess.as_bytes());
        own.len() == guess.len() && own.iter().zip(guess).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_know_themselves() {
        let (one, other) = (Token::new().unwrap(), Token::new().unwrap());
        assert_eq!(one.digits().len(), 32);
        assert!(one.is(one.digits()) && !one.is(other.digits()));
        assert!(!one.is("") && !one.is(&one.digits()[..31]));
    }
}
