//! Tests of the whole program. The tests themselves are the files beside `src/`; what they share is here.
