//! The machine's own cameras, through the system's video interface.

use super::{Camera, Cameras, Frames, Picture, Trouble};
use nokhwa::{
    query,
    utils::{
        ApiBackend, CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType, Resolution,
    },
};

pub struct Native;

/// Formats whose grey can be taken without a decoder.
const PLAIN: &[FrameFormat] = &[FrameFormat::YUYV, FrameFormat::NV12, FrameFormat::GRAY];

impl Cameras for Native {
    fn list(&self) -> Vec<Camera> {
        let Ok(found) = query(ApiBackend::Auto) else {
            return vec![];
        };
        found
            .iter()
            .map(|info| Camera {
                id: info.index().as_string(),
                name: info.human_name(),
            })
            .collect()
    }

    fn open(&self, id: Option<&str>) -> Result<Box<dyn Frames>, Trouble> {
        let found = query(ApiBackend::Auto).map_err(|_| Trouble::None)?;
        let info = match id {
            Some(id) => found.iter().find(|info| info.index().as_string() == id),
            None => found.first(),
        };
        let index = info.ok_or(Trouble::None)?.index().clone();
        // Enough dots for a long code across half the picture, few enough to be read in time.
        let wished = CameraFormat::new(Resolution::new(1280, 720), FrameFormat::YUYV, 30);
        let formats = RequestedFormat::with_formats(RequestedFormatType::Closest(wished), PLAIN);
        let mut camera = nokhwa::Camera::new(CameraIndex::clone(&index), formats).map_err(trouble)?;
        camera.open_stream().map_err(trouble)?;
        Ok(Box::new(Stream(camera)))
    }
}

fn trouble(error: nokhwa::NokhwaError) -> Trouble {
    let text = error.to_string().to_lowercase();
    tracing::debug!(%error, "a camera does not open");
    if text.contains("busy") || text.contains("in use") {
        Trouble::Busy
    } else {
        Trouble::Failed
    }
}

struct Stream(nokhwa::Camera);

impl Frames for Stream {
    fn next(&mut self) -> Option<Picture> {
        let frame = self.0.frame().ok()?;
        let size = frame.resolution();
        let dots = (size.width() as usize).checked_mul(size.height() as usize)?;
        let bytes = frame.buffer();
        let luma = match frame.source_frame_format() {
            // Grey and colour by turns.
            FrameFormat::YUYV => bytes.get(..dots * 2)?.iter().step_by(2).copied().collect(),
            FrameFormat::NV12 | FrameFormat::GRAY => bytes.get(..dots)?.to_vec(),
            _ => return None,
        };
        Picture::new(size.width(), size.height(), luma)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Err(error) = self.0.stop_stream() {
            tracing::debug!(%error, "a camera does not stop");
        }
    }
}
