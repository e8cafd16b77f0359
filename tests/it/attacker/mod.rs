mod attacks;
mod explain;
mod order_and_secrecy;
mod validator;
