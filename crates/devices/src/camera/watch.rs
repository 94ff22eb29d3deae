//! Watching one camera: pictures are taken on one thread and read on another, which always gets the latest and never a
//! queue of old ones. It ends by itself when nobody looks any more, and finds a camera again that was pulled out.

use super::{Cameras, Decode, Frames, Picture, Seen, Trouble};
use crate::Deadline;
use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Closed,
    Opening,
    Live,
    /// It gives pictures, and they are black: a cover before the lens.
    Black,
    /// There is no camera.
    None,
    Busy,
    /// It was there and is gone; it is taken up again when it comes back.
    Lost,
    Failed,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            State::Closed => "closed",
            State::Opening => "opening",
            State::Live => "live",
            State::Black => "black",
            State::None => "none",
            State::Busy => "busy",
            State::Lost => "lost",
            State::Failed => "failed",
        }
    }
}

/// What the camera sees now.
#[derive(Debug, Clone)]
pub struct View {
    /// Rises with every picture that was read, and with every change of the state.
    pub seq: u64,
    pub state: State,
    pub picture: Option<Arc<Picture>>,
    pub codes: Vec<Seen>,
    pub took: Duration,
    /// Pictures that came, read or not.
    pub taken: u64,
}

/// Nobody looked for so long: the camera is closed.
const UNWATCHED: Duration = Duration::from_secs(5);
/// Pictures stopped coming for so long: it is gone, whatever the system says.
const SILENT: Duration = Duration::from_secs(3);
const AGAIN: Duration = Duration::from_millis(500);
/// Darker than this for so many pictures is no picture.
const DARK: u8 = 10;
const DARK_PICTURES: u32 = 15;

pub struct Watch {
    shared: Arc<Shared>,
}

struct Shared {
    now: Mutex<Now>,
    changed: Condvar,
}

struct Now {
    view: View,
    /// The latest picture that nobody read yet.
    waiting: Option<Arc<Picture>>,
    stop: bool,
    looked: Deadline,
    last_picture: Deadline,
    dark: u32,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        let mut now = self.lock();
        if !now.stop && now.looked.ago() > UNWATCHED {
            now.stop = true;
        }
        if now.stop {
            set(&mut now, State::Closed);
            now.view.picture = None;
            now.waiting = None;
            self.changed.notify_all();
        }
        now.stop
    }

    /// Waits a moment, or until it is over.
    fn pause(&self, wait: Duration) {
        let until = Deadline::after(wait);
        while !until.is_over() && !self.is_over() {
            std::thread::sleep(until.left().min(Duration::from_millis(50)));
        }
    }
}

fn set(now: &mut Now, state: State) {
    if now.view.state != state {
        now.view.state = state;
        now.view.seq += 1;
        now.view.codes.clear();
        if !matches!(state, State::Live | State::Black) {
            now.view.picture = None;
        }
    }
}

impl Watch {
    /// Begins to watch. The threads end when the camera is closed or nobody looks any more.
    pub fn start(
        cameras: Arc<dyn Cameras>,
        id: Option<String>,
        reader: Box<dyn Decode>,
    ) -> std::io::Result<Watch> {
        let shared = Arc::new(Shared {
            now: Mutex::new(Now {
                view: View {
                    seq: 1,
                    state: State::Opening,
                    picture: None,
                    codes: vec![],
                    took: Duration::ZERO,
                    taken: 0,
                },
                waiting: None,
                stop: false,
                looked: Deadline::now(),
                last_picture: Deadline::now(),
                dark: 0,
            }),
            changed: Condvar::new(),
        });
        let taking = shared.clone();
        std::thread::Builder::new()
            .name("camera".to_owned())
            .spawn(move || take(&taking, &*cameras, id.as_deref()))?;
        let reading = shared.clone();
        std::thread::Builder::new()
            .name("camera-codes".to_owned())
            .spawn(move || read(&reading, reader))?;
        Ok(Watch { shared })
    }

    /// What it sees now, or, when that was seen already, what it sees next within the wait.
    pub fn latest(&self, after: u64, wait: Duration) -> View {
        let until = Deadline::after(wait);
        let mut now = self.shared.lock();
        loop {
            now.looked = Deadline::now();
            if matches!(now.view.state, State::Live | State::Black) && now.last_picture.ago() > SILENT {
                set(&mut now, State::Lost);
            }
            if now.view.seq > after || until.is_over() {
                return now.view.clone();
            }
            let step = until.left().min(Duration::from_millis(250));
            now = self
                .shared
                .changed
                .wait_timeout(now, step)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    pub fn state(&self) -> State {
        self.shared.lock().view.state
    }

    pub fn close(&self) {
        self.shared.lock().stop = true;
        self.shared.is_over();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.close();
    }
}

fn take(shared: &Shared, cameras: &dyn Cameras, id: Option<&str>) {
    let mut had_one = false;
    while !shared.is_over() {
        let mut frames = match cameras.open(id) {
            Ok(frames) => frames,
            Err(trouble) => {
                let state = match trouble {
                    Trouble::None if had_one => State::Lost,
                    Trouble::None => State::None,
                    Trouble::Busy => State::Busy,
                    Trouble::Failed => State::Failed,
                };
                set(&mut shared.lock(), state);
                shared.changed.notify_all();
                shared.pause(AGAIN);
                continue;
            }
        };
        let mut any = false;
        while !shared.is_over() {
            let Some(picture) = next(&mut *frames) else { break };
            (any, had_one) = (true, true);
            hand_over(shared, picture);
        }
        drop(frames);
        if !shared.is_over() {
            set(
                &mut shared.lock(),
                if any || had_one {
                    State::Lost
                } else {
                    State::Failed
                },
            );
            shared.changed.notify_all();
            shared.pause(AGAIN);
        }
    }
}

fn next(frames: &mut dyn Frames) -> Option<Picture> {
    // A camera's driver that panics is a camera that is gone, and no reason to lose the till.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| frames.next())).unwrap_or(None)
}

fn hand_over(shared: &Shared, picture: Picture) {
    let dark = picture.brightness() < DARK;
    let mut now = shared.lock();
    now.last_picture = Deadline::now();
    now.view.taken += 1;
    now.dark = if dark { now.dark.saturating_add(1) } else { 0 };
    let state = if now.dark >= DARK_PICTURES {
        State::Black
    } else {
        State::Live
    };
    set(&mut now, state);
    now.waiting = Some(Arc::new(picture));
    shared.changed.notify_all();
}

fn read(shared: &Shared, mut reader: Box<dyn Decode>) {
    loop {
        let picture = {
            let mut now = shared.lock();
            loop {
                if now.stop {
                    return;
                }
                if let Some(picture) = now.waiting.take() {
                    break picture;
                }
                now = shared
                    .changed
                    .wait_timeout(now, Duration::from_millis(250))
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
            }
        };
        let began = Deadline::now();
        let codes = reader.read(&picture);
        let took = began.ago();
        let mut now = shared.lock();
        if matches!(now.view.state, State::Live | State::Black) {
            now.view.seq += 1;
            now.view.picture = Some(picture);
            now.view.codes = codes;
            now.view.took = took;
            shared.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::{Camera, NoCameras, Recorded};
    use std::sync::atomic::{AtomicU32, Ordering};

    struct Nothing;

    impl Decode for Nothing {
        fn read(&mut self, _: &Picture) -> Vec<Seen> {
            vec![]
        }
    }

    /// Says what the first dot of each picture was, slowly.
    struct Slow;

    impl Decode for Slow {
        fn read(&mut self, picture: &Picture) -> Vec<Seen> {
            std::thread::sleep(Duration::from_millis(40));
            vec![Seen {
                text: picture.luma[0].to_string(),
                kind: "test".to_owned(),
                corners: [(0, 0); 4],
            }]
        }
    }

    fn until(watch: &Watch, what: &str, holds: impl Fn(&View) -> bool) -> View {
        let end = Deadline::after(Duration::from_secs(8));
        let mut seq = 0;
        loop {
            let view = watch.latest(seq, Duration::from_millis(500));
            if holds(&view) {
                return view;
            }
            assert!(
                !end.is_over(),
                "{what}: {:?} after {} pictures",
                view.state,
                view.taken
            );
            seq = view.seq;
        }
    }

    /// A film of two by two dots, each picture as bright as told.
    fn film(path: &std::path::Path, rate: u32, greys: &[u8]) {
        let mut bytes = format!("YUV4MPEG2 W2 H2 F{rate}:1 Cmono\n").into_bytes();
        for grey in greys {
            bytes.extend(b"FRAME\n");
            bytes.extend([*grey; 4]);
        }
        std::fs::write(path, bytes).expect("a film");
    }

    #[test]
    fn no_camera_is_said_at_once_and_nothing_hangs() {
        let watch = Watch::start(Arc::new(NoCameras), None, Box::new(Nothing)).expect("threads");
        until(&watch, "no camera", |v| v.state == State::None);
    }

    #[test]
    fn a_busy_camera_is_taken_as_soon_as_it_is_free() {
        struct BusyOnce(AtomicU32, Recorded);
        impl Cameras for BusyOnce {
            fn list(&self) -> Vec<Camera> {
                self.1.list()
            }
            fn open(&self, id: Option<&str>) -> Result<Box<dyn Frames>, Trouble> {
                match self.0.fetch_add(1, Ordering::SeqCst) {
                    0 => Err(Trouble::Busy),
                    _ => self.1.open(id),
                }
            }
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("film.y4m");
        film(&path, 30, &[200]);
        let cameras = BusyOnce(AtomicU32::new(0), Recorded { path, endless: true });
        let watch = Watch::start(Arc::new(cameras), None, Box::new(Nothing)).expect("threads");
        until(&watch, "busy", |v| v.state == State::Busy);
        until(&watch, "free again", |v| {
            v.state == State::Live && v.picture.is_some()
        });
    }

    #[test]
    fn sixty_pictures_a_second_and_a_slow_reader_make_no_queue() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("film.y4m");
        let greys: Vec<u8> = (20..=250).collect();
        film(&path, 60, &greys);
        let watch =
            Watch::start(Arc::new(Recorded { path, endless: true }), None, Box::new(Slow)).expect("threads");
        let view = until(&watch, "sixty pictures", |v| v.taken >= 60 && !v.codes.is_empty());
        let read: u64 = view.codes[0].text.parse().expect("a number");
        // The first picture is 20 bright: the one that was read is at most a few behind the one that came last.
        assert!(view.taken - (read - 19) < 12, "read {read} of {}", view.taken);
        assert!(view.seq < view.taken, "pictures between were passed over");
    }

    #[test]
    fn a_cover_before_the_lens_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("film.y4m");
        film(&path, 60, &[0]);
        let watch = Watch::start(
            Arc::new(Recorded { path, endless: true }),
            None,
            Box::new(Nothing),
        )
        .expect("threads");
        until(&watch, "black", |v| v.state == State::Black);
    }

    #[test]
    fn a_camera_pulled_out_is_found_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("film.y4m");
        film(&path, 30, &[200]);
        let cameras = Arc::new(Recorded {
            path: path.clone(),
            endless: true,
        });
        let watch = Watch::start(cameras, None, Box::new(Nothing)).expect("threads");
        until(&watch, "live", |v| v.state == State::Live);
        std::fs::remove_file(&path).expect("pulled out");
        until(&watch, "lost", |v| v.state == State::Lost && v.picture.is_none());
        film(&path, 30, &[100]);
        until(&watch, "back", |v| v.state == State::Live && v.picture.is_some());
        watch.close();
        assert_eq!(watch.state(), State::Closed);
    }

    #[test]
    fn a_driver_that_panics_is_a_camera_that_is_gone() {
        struct Mad;
        impl Frames for Mad {
            fn next(&mut self) -> Option<Picture> {
                panic!("a driver's own fault")
            }
        }
        struct MadHouse;
        impl Cameras for MadHouse {
            fn list(&self) -> Vec<Camera> {
                vec![]
            }
            fn open(&self, _: Option<&str>) -> Result<Box<dyn Frames>, Trouble> {
                Ok(Box::new(Mad))
            }
        }
        let watch = Watch::start(Arc::new(MadHouse), None, Box::new(Nothing)).expect("threads");
        until(&watch, "failed", |v| v.state == State::Failed);
    }
}
