mod attacks;
mod errors;
mod explain;
mod order_and_secrecy;
mod validator;
mod verbs;
