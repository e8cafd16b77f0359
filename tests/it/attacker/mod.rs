mod attacks;
mod errors;
mod explain;
mod order_and_secrecy;
mod token_cache;
mod validator;
mod verbs;
