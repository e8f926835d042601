//! A small server of HTTP/1.1 for one page on this machine: requests with their limits, who may ask, answers.

mod guard;
mod request;
mod response;
mod serve;
mod token;

pub(crate) use self::guard::Guard;
pub(crate) use self::request::{Method, Request, unescaped};
pub(crate) use self::response::Response;
pub(crate) use self::serve::{Handler, serve};
pub(crate) use self::token::Token;
