//! Codes from pictures: those that a page sends, and those of this device's own camera.

use crate::{App, AppError, Code, Result, Shop, cart::WriteId, printing::LightView};
use base64::{Engine, prelude::BASE64_STANDARD};
use devices::{
    Deadline,
    camera::{CodeReader, Decode, Picture, Seen, State, Watch},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use utoipa::ToSchema;
use uuid::Uuid;

/// So many pages scan at once; the one that was silent longest is forgotten first, and costs only its memory.
const MOST_READERS: usize = 16;
/// How long a request waits for something newer.
const NEWER: Duration = Duration::from_secs(1);
/// How wide the picture for the screen is at most.
const SCREEN_DOTS: u32 = 320;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SeenCode {
    pub text: String,
    /// qr, ean13, ean8, upca, upce or code128
    pub kind: String,
    /// Its outline in dots of the picture, clockwise from its own upper left.
    pub corners: Vec<[i32; 2]>,
}

impl From<Seen> for SeenCode {
    fn from(seen: Seen) -> SeenCode {
        SeenCode {
            text: seen.text,
            kind: seen.kind,
            corners: seen.corners.iter().map(|(x, y)| [*x, *y]).collect(),
        }
    }
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FrameCodes {
    pub codes: Vec<SeenCode>,
    pub took_ms: u64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CamerasView {
    pub items: Vec<CameraView>,
    /// closed, opening, live, black, none, busy, lost or failed
    pub state: String,
    /// The camera that is open, when it was chosen.
    pub open: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CameraView {
    pub id: String,
    pub name: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenCamera {
    pub id: Uuid,
    /// One of the list; the first when absent.
    pub camera: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CameraFrame {
    /// Send it as `after` to wait for something newer.
    pub seq: u64,
    pub state: String,
    pub width: u32,
    pub height: u32,
    /// A grey picture for the screen, as a data URL.
    pub picture: Option<String>,
    /// Corners are in dots of width x height.
    pub codes: Vec<SeenCode>,
    pub took_ms: u64,
}

/// The readers of pages, and this device's camera.
#[derive(Default)]
pub(crate) struct Eyes {
    readers: Mutex<HashMap<Uuid, PageReader>>,
    camera: Mutex<Option<OpenEye>>,
}

struct PageReader {
    reader: Arc<Mutex<CodeReader>>,
    last: Deadline,
}

struct OpenEye {
    camera: Option<String>,
    watch: Arc<Watch>,
}

impl App {
    /// The same while there is no shop here yet: what a device that joins looks at.
    pub fn codes_in(&self, reader: Uuid, width: u32, height: u32, luma: Vec<u8>) -> Result<FrameCodes> {
        match self.try_shop() {
            Some(_) => Err(Code::ShopExists.into()),
            None => self.eyes.codes_in(reader, width, height, luma),
        }
    }
}

impl Eyes {
    fn codes_in(&self, reader: Uuid, width: u32, height: u32, luma: Vec<u8>) -> Result<FrameCodes> {
        let picture = Picture::new(width, height, luma).ok_or(AppError::new(Code::PictureInvalid))?;
        let reader = self.reader(reader);
        let began = Deadline::now();
        let codes = reader
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .read(&picture);
        Ok(FrameCodes {
            codes: codes.into_iter().map(SeenCode::from).collect(),
            took_ms: millis(began.ago()),
        })
    }

    fn reader(&self, id: Uuid) -> Arc<Mutex<CodeReader>> {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if !readers.contains_key(&id) && readers.len() >= MOST_READERS {
            let oldest = readers.iter().min_by_key(|(_, r)| r.last).map(|(id, _)| *id);
            oldest.and_then(|id| readers.remove(&id));
        }
        let page = readers.entry(id).or_insert_with(|| PageReader {
            reader: Arc::default(),
            last: Deadline::now(),
        });
        page.last = Deadline::now();
        page.reader.clone()
    }

    fn camera(&self) -> MutexGuard<'_, Option<OpenEye>> {
        self.camera.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Shop {
    /// The codes in one grey picture. A reader remembers what it saw before.
    pub fn codes_in(&self, reader: Uuid, width: u32, height: u32, luma: Vec<u8>) -> Result<FrameCodes> {
        self.eyes.codes_in(reader, width, height, luma)
    }

    pub fn cameras(&self) -> CamerasView {
        let items = self.cameras.list();
        let eye = self.eyes.camera();
        CamerasView {
            items: items
                .into_iter()
                .map(|c| CameraView {
                    id: c.id,
                    name: c.name,
                })
                .collect(),
            state: eye
                .as_ref()
                .map_or(State::Closed, |e| e.watch.state())
                .as_str()
                .to_owned(),
            open: eye.as_ref().and_then(|e| e.camera.clone()),
        }
    }

    pub fn open_camera(&self, form: &OpenCamera) -> Result<CamerasView> {
        {
            let mut eye = self.eyes.camera();
            let same = eye
                .as_ref()
                .is_some_and(|e| e.camera == form.camera && e.watch.state() != State::Closed);
            if !same {
                // The old one lets go of the camera before the new one takes it.
                *eye = None;
                let watch = Watch::start(
                    self.cameras.clone(),
                    form.camera.clone(),
                    Box::new(CodeReader::default()),
                )
                .map_err(|e| AppError::new(Code::Broken).caused(e))?;
                *eye = Some(OpenEye {
                    camera: form.camera.clone(),
                    watch: Arc::new(watch),
                });
            }
        }
        self.live.tell("device", Some("camera".to_owned()));
        Ok(self.cameras())
    }

    pub fn close_camera(&self, _: &WriteId) -> CamerasView {
        *self.eyes.camera() = None;
        self.live.tell("device", Some("camera".to_owned()));
        self.cameras()
    }

    /// What the camera sees now; waits a moment when that was seen already.
    pub fn camera_frame(&self, after: u64) -> CameraFrame {
        let watch = self.eyes.camera().as_ref().map(|e| e.watch.clone());
        let Some(watch) = watch else {
            return CameraFrame {
                seq: 0,
                state: State::Closed.as_str().to_owned(),
                width: 0,
                height: 0,
                picture: None,
                codes: vec![],
                took_ms: 0,
            };
        };
        let view = watch.latest(after, NEWER);
        let (width, height) = view.picture.as_ref().map_or((0, 0), |p| (p.width, p.height));
        CameraFrame {
            seq: view.seq,
            state: view.state.as_str().to_owned(),
            width,
            height,
            picture: view.picture.map(|picture| {
                let file = picture.smaller(SCREEN_DOTS).bmp();
                format!("data:image/bmp;base64,{}", BASE64_STANDARD.encode(file))
            }),
            codes: view.codes.into_iter().map(SeenCode::from).collect(),
            took_ms: millis(view.took),
        }
    }

    /// The open camera's light; none while it is closed.
    pub(crate) fn camera_light(&self) -> Option<LightView> {
        let eye = self.eyes.camera();
        let eye = eye.as_ref()?;
        let (light, why) = match eye.watch.state() {
            State::Closed => return None,
            State::Live => ("ready", None),
            State::Opening | State::Black => ("check", None),
            State::Busy => ("check", Some("busy")),
            State::None | State::Lost => ("off", Some("unreachable")),
            State::Failed => ("off", Some("no_picture")),
        };
        Some(LightView {
            id: eye.camera.clone().unwrap_or_else(|| "camera".to_owned()),
            kind: "camera".to_owned(),
            name: String::new(),
            light: light.to_owned(),
            why: why.map(str::to_owned),
            queued: 0,
            last_used: None,
        })
    }
}
