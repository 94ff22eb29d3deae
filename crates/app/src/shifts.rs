//! Shifts: one drawer's cash session, from its float to its Z.

use crate::{Code, Result, settings::Settings};
use domain::ids::{SeatId, ShiftId, StaffId};
use store::Reader;

/// The shift that money taken or paid back here and now belongs to: one's own, or else, where a drawer is whoever's
/// sells there, the seat's.
pub fn open_shift_of(
    reader: &Reader<'_>,
    settings: &Settings,
    seat: SeatId,
    staff: StaffId,
) -> Result<Option<ShiftId>> {
    let open = reader.open_drawers_at(seat)?;
    let own = open.iter().find(|(_, holder)| *holder == Some(staff));
    Ok(match own {
        Some((id, _)) => Some(*id),
        None if settings.text("shift.drawer") == "cashier" => None,
        None => open.first().map(|(id, _)| *id),
    })
}

/// The same for a sale, which the shop may refuse without an open shift.
pub fn shift_for_sale(
    reader: &Reader<'_>,
    settings: &Settings,
    seat: SeatId,
    staff: StaffId,
) -> Result<Option<ShiftId>> {
    match open_shift_of(reader, settings, seat, staff)? {
        None if settings.text("shift.required") == "true" => Err(Code::ShiftNeeded.into()),
        shift => Ok(shift),
    }
}
