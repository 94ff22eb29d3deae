//! A receipt printer on the network that really listens: it decodes what it gets, draws it, answers questions about its
//! state, and can run out of paper, have its cover open, die in the middle, stall, stay mute or refuse.
//!
//! It is written against the printers' own manuals and not against our encoder, and it complains about every byte that
//! it does not know.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// How the printer behaves towards the next connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// Takes so many bytes of a job and is gone.
    DiesAfter(usize),
    /// Answers its state, then takes the job and never says a word again.
    FallsSilent,
    /// Takes connections and never reads.
    Stalls,
    /// Prints, and answers no questions: the cheap ones.
    Mute,
}

/// What came out of the printer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paper {
    /// Printed text, one entry a line.
    pub text: Vec<String>,
    /// What was drawn: rows of dots, `true` is black.
    pub rows: Vec<Vec<bool>>,
    /// What the printer's own QR command was given.
    pub qr: Vec<String>,
    pub cuts: usize,
    /// Pin, on and off times of each kick, in milliseconds.
    pub kicks: Vec<(u8, u32, u32)>,
    /// Bytes that are no command that this printer knows.
    pub unknown: Vec<String>,
}

impl Paper {
    /// How many dots are black.
    pub fn ink(&self) -> usize {
        self.rows.iter().flatten().filter(|dot| **dot).count()
    }

    /// The drawn rows as a grey bitmap file, to look at.
    pub fn bmp(&self) -> Vec<u8> {
        let width = self.rows.iter().map(Vec::len).max().unwrap_or(1);
        let row = width.next_multiple_of(4);
        let (head, size) = (54 + 1024, row * self.rows.len());
        let mut file = b"BM".to_vec();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
        for n in [head + size, 0, head, 40, width, self.rows.len()] {
            file.extend(number(n));
        }
        file.extend([1, 0, 8, 0]);
        for n in [0, size, 2835, 2835, 256, 0] {
            file.extend(number(n));
        }
        for grey in 0..=255 {
            file.extend([grey, grey, grey, 0]);
        }
        for line in self.rows.iter().rev() {
            let mut dots: Vec<u8> = line.iter().map(|black| if *black { 0 } else { 255 }).collect();
            dots.resize(row, 255);
            file.extend(dots);
        }
        file
    }
}

#[derive(Debug)]
struct State {
    mood: Mood,
    paper_out: bool,
    cover_open: bool,
    /// Runs out of paper after so many more rows of dots.
    rows_left: Option<usize>,
    paper: Paper,
    /// Whatever came over the cable but for questions about the state.
    received: usize,
    connections: usize,
    open: Vec<TcpStream>,
}

struct Shared {
    state: Mutex<State>,
    over: AtomicBool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A printer that listens on a port of this machine.
pub struct FakePrinter {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Default for FakePrinter {
    fn default() -> FakePrinter {
        FakePrinter::new()
    }
}

impl FakePrinter {
    pub fn new() -> FakePrinter {
        FakePrinter::at("127.0.0.1:0")
    }

    /// On a port that a printer had before.
    pub fn at(address: &str) -> FakePrinter {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                mood: Mood::Well,
                paper_out: false,
                cover_open: false,
                rows_left: None,
                paper: Paper::default(),
                received: 0,
                connections: 0,
                open: vec![],
            }),
            over: AtomicBool::new(false),
        });
        let listener = TcpListener::bind(address).expect("a free port");
        let address = listener.local_addr().expect("its address");
        let listening = shared.clone();
        let thread = std::thread::spawn(move || listen(&listener, &listening));
        FakePrinter {
            address,
            shared,
            thread: Some(thread),
        }
    }

    /// As a person types it.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    pub fn set(&self, mood: Mood) {
        self.shared.lock().mood = mood;
    }

    pub fn paper_out(&self, out: bool) {
        self.shared.lock().paper_out = out;
    }

    pub fn cover_open(&self, open: bool) {
        self.shared.lock().cover_open = open;
    }

    /// The roll ends after so many more rows.
    pub fn paper_for(&self, rows: usize) {
        self.shared.lock().rows_left = Some(rows);
    }

    /// All that came out so far.
    pub fn paper(&self) -> Paper {
        self.shared.lock().paper.clone()
    }

    /// Takes away what came out.
    pub fn tear_off(&self) -> Paper {
        std::mem::take(&mut self.shared.lock().paper)
    }

    /// Bytes of jobs that came over the cable.
    pub fn received(&self) -> usize {
        self.shared.lock().received
    }

    pub fn connections(&self) -> usize {
        self.shared.lock().connections
    }
}

impl Drop for FakePrinter {
    /// Off: from now on connections are refused.
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        for stream in self.shared.lock().open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Wakes the listener up.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.over.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let mood = {
            let mut state = shared.lock();
            state.connections += 1;
            state.open.extend(stream.try_clone());
            state.mood
        };
        let shared = shared.clone();
        std::thread::spawn(move || serve(stream, mood, &shared));
    }
}

fn serve(mut stream: TcpStream, mood: Mood, shared: &Shared) {
    if mood == Mood::Stalls {
        while !shared.over.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(20));
        }
        return;
    }
    let mut waiting: Vec<u8> = vec![];
    let mut head = Head::default();
    let mut silent = mood == Mood::Mute;
    // Of the job on this connection.
    let mut taken = 0;
    let mut chunk = [0; 4096];
    loop {
        let n = match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return,
            Ok(n) => n,
        };
        let mut bytes = &chunk[..n];
        // Questions about the state are answered as they come, past everything that waits.
        let mut answers = vec![];
        while let [.., 0x10, 0x04, kind @ 1..=4] = bytes {
            answers.insert(0, *kind);
            bytes = &bytes[..bytes.len() - 3];
        }
        let mut state = shared.lock();
        if let Mood::DiesAfter(most) = mood
            && taken + bytes.len() > most
        {
            let rest = most.saturating_sub(taken);
            waiting.extend(&bytes[..rest]);
            state.received += rest;
            print(&mut waiting, &mut head, &mut state);
            let _ = stream.shutdown(Shutdown::Both);
            return;
        }
        taken += bytes.len();
        state.received += bytes.len();
        waiting.extend(bytes);
        let mut said = print(&mut waiting, &mut head, &mut state);
        for kind in answers {
            said.push(real_time_status(kind, &state));
        }
        if mood == Mood::FallsSilent && taken > 0 {
            silent = true;
        }
        drop(state);
        if !silent && stream.write_all(&said).is_err() {
            return;
        }
    }
}

fn real_time_status(kind: u8, state: &State) -> u8 {
    let fixed = 0b0001_0010;
    let blocked = state.paper_out || state.cover_open;
    fixed
        | match kind {
            1 if blocked => 0b0000_1000,
            2 => (u8::from(state.cover_open) << 2) | (u8::from(state.paper_out) << 5),
            4 if state.paper_out => 0b0110_1100,
            _ => 0,
        }
}

/// What the print head remembers between commands.
#[derive(Default)]
struct Head {
    line: String,
    qr: String,
}

enum Step {
    /// A command of so many bytes was done.
    Done(usize),
    /// An answer in its turn.
    Say(usize, u8),
    More,
    Unknown(usize),
}

/// Does all that can be done, and gives the answers.
fn print(waiting: &mut Vec<u8>, head: &mut Head, state: &mut State) -> Vec<u8> {
    let mut said = vec![];
    loop {
        if state.paper_out || state.cover_open || waiting.is_empty() {
            return said;
        }
        match command(waiting, head, state) {
            Step::More => return said,
            Step::Done(n) => {
                waiting.drain(..n);
            }
            Step::Say(n, byte) => {
                waiting.drain(..n);
                said.push(byte);
            }
            Step::Unknown(n) => {
                let shown = waiting[..n.min(waiting.len())].iter().map(|b| format!("{b:02x}"));
                let shown: Vec<String> = shown.collect();
                state.paper.unknown.push(shown.join(" "));
                waiting.drain(..n.min(waiting.len()));
            }
        }
    }
}

fn feed(head: &mut Head, state: &mut State, rows: usize) {
    if !head.line.is_empty() {
        state.paper.text.push(std::mem::take(&mut head.line));
    }
    for _ in 0..rows {
        row(state, vec![]);
    }
}

/// One row of dots comes out; the last of the roll leaves the printer without paper.
fn row(state: &mut State, dots: Vec<bool>) -> bool {
    match &mut state.rows_left {
        Some(0) => {
            state.paper_out = true;
            state.rows_left = None;
            return false;
        }
        Some(left) => *left -= 1,
        None => {}
    }
    state.paper.rows.push(dots);
    true
}

fn command(bytes: &[u8], head: &mut Head, state: &mut State) -> Step {
    // Commands of a fixed length by their first two bytes; the length is that of the whole.
    let fixed = |length: usize| {
        if bytes.len() < length {
            Step::More
        } else {
            Step::Done(length)
        }
    };
    match bytes {
        [b'\n', ..] => {
            if head.line.is_empty() {
                head.line.push(' ');
            }
            feed(head, state, 24);
            Step::Done(1)
        }
        [b'\r' | b'\t' | 0, ..] => Step::Done(1),
        // DLE EOT in the middle of what came: the question was answered, or its asker was too hasty.
        [0x10, 0x04, _, ..] => Step::Done(3),
        [0x10, 0x14, ..] => fixed(5),
        [0x10] | [0x10, 0x04] | [0x1b] | [0x1c] | [0x1d] => Step::More,
        [0x1b, b'@', ..] => {
            head.line.clear();
            Step::Done(2)
        }
        [0x1b, b'2', ..] => Step::Done(2),
        [0x1b, b'd', ..] if bytes.len() < 3 => Step::More,
        [0x1b, b'd', lines, ..] => {
            feed(head, state, usize::from(*lines) * 24);
            Step::Done(3)
        }
        [0x1b, b'J', ..] if bytes.len() < 3 => Step::More,
        [0x1b, b'J', dots, ..] => {
            feed(head, state, usize::from(*dots));
            Step::Done(3)
        }
        [0x1b, b'p', ..] => match bytes.get(2..5) {
            None => Step::More,
            Some([pin @ (0 | 1 | 48 | 49), on, off]) => {
                let pin = if pin & 1 == 0 { 2 } else { 5 };
                state
                    .paper
                    .kicks
                    .push((pin, u32::from(*on) * 2, u32::from(*off) * 2));
                Step::Done(5)
            }
            Some(_) => Step::Unknown(5),
        },
        [
            0x1b,
            b'!' | b'3' | b'E' | b'-' | b'a' | b'M' | b't' | b'R' | b' ' | b'{' | b'G' | b'V' | b'=' | b'r'
            | b'c',
            ..,
        ] => fixed(3),
        [0x1b, b'$' | b'\\', ..] => fixed(4),
        [0x1b, b'D', rest @ ..] => match rest.iter().position(|b| *b == 0) {
            Some(end) => Step::Done(end + 3),
            None => Step::More,
        },
        [0x1b, b'*', ..] => match bytes.get(2..5) {
            None => Step::More,
            Some(size) => {
                let width = usize::from(size[1]) + 256 * usize::from(size[2]);
                let depth = if size[0] >= 32 { 3 } else { 1 };
                let end = 5 + width * depth;
                let Some(data) = bytes.get(5..end) else {
                    return Step::More;
                };
                for y in 0..depth * 8 {
                    let dots = (0..width)
                        .map(|x| data[x * depth + y / 8] & (0x80 >> (y % 8)) != 0)
                        .collect();
                    if !row(state, dots) {
                        break;
                    }
                }
                Step::Done(end)
            }
        },
        [0x1c, b'.' | b'&', ..] => Step::Done(2),
        [0x1c, b'C' | b'!' | b'-', ..] => fixed(3),
        [0x1d, b'r' | b'I' | b'a', ..] if bytes.len() < 3 => Step::More,
        // In its turn: all before it is on the paper. Nothing about it is wrong, or we would not be here.
        [0x1d, b'r', 1 | 49, ..] => Step::Say(3, 0),
        [0x1d, b'a' | b'I', ..] => Step::Done(3),
        [0x1d, b'!' | b'B' | b'b' | b'H' | b'h' | b'w' | b'f', ..] => fixed(3),
        [0x1d, b'L' | b'W' | b'P', ..] => fixed(4),
        [0x1d, b'V', ..] => match bytes.get(2) {
            None => Step::More,
            Some(0 | 1 | 48 | 49) => {
                feed(head, state, 0);
                state.paper.cuts += 1;
                Step::Done(3)
            }
            Some(65 | 66) if bytes.len() < 4 => Step::More,
            Some(65 | 66) => {
                feed(head, state, usize::from(bytes[3]));
                state.paper.cuts += 1;
                Step::Done(4)
            }
            Some(_) => Step::Unknown(3),
        },
        [0x1d, b'v', b'0', ..] => match bytes.get(3..8) {
            None => Step::More,
            Some(size) => {
                let width = usize::from(size[1]) + 256 * usize::from(size[2]);
                let height = usize::from(size[3]) + 256 * usize::from(size[4]);
                let end = 8 + width * height;
                let Some(data) = bytes.get(8..end) else {
                    return Step::More;
                };
                feed(head, state, 0);
                for line in data.chunks_exact(width.max(1)) {
                    let dots = line
                        .iter()
                        .flat_map(|byte| (0..8).map(move |bit| byte & (0x80 >> bit) != 0))
                        .collect();
                    if !row(state, dots) {
                        break;
                    }
                }
                Step::Done(end)
            }
        },
        [0x1d, b'v', ..] if bytes.len() < 3 => Step::More,
        [0x1d, b'(', _, ..] => match bytes.get(3..5) {
            None => Step::More,
            Some(size) => {
                let end = 5 + usize::from(size[0]) + 256 * usize::from(size[1]);
                let Some(data) = bytes.get(5..end) else {
                    return Step::More;
                };
                if bytes[2] == b'k' {
                    qr(data, head, state);
                }
                Step::Done(end)
            }
        },
        [0x1d, b'k', ..] => match (bytes.get(2), bytes.get(3)) {
            (Some(65..=79), Some(length)) => fixed(4 + usize::from(*length)),
            (Some(0..=6), _) => match bytes.iter().skip(3).position(|b| *b == 0) {
                Some(end) => Step::Done(end + 4),
                None => Step::More,
            },
            (Some(_), _) => Step::Unknown(3),
            (None, _) => Step::More,
        },
        [0x1b | 0x1c | 0x1d | 0x10, _, ..] => Step::Unknown(2),
        [character, ..] if *character >= 0x20 => {
            head.line.push(char::from(*character));
            Step::Done(1)
        }
        _ => Step::Unknown(1),
    }
}

fn qr(data: &[u8], head: &mut Head, state: &mut State) {
    match data {
        [49, 80, 48, text @ ..] => head.qr = String::from_utf8_lossy(text).into_owned(),
        [49, 81, 48] => {
            let text = head.qr.clone();
            state.paper.qr.push(text);
            feed(head, state, 200);
        }
        _ => {}
    }
}
