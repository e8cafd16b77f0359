mod form;
mod other_types;
