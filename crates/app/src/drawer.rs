//! The cash drawer. A sale in cash opens it by itself; without a sale it opens for a reason and with a right to, and
//! that is a fact.

use crate::{
    Actor, AppError, Code, Page, Result, Shop, days,
    order_view::{Directory, Named},
    printing::{JobView, NewPaper, drawer_of},
    sessions::Approval,
    wire::{content_of, rfc3339, text},
};
use domain::{
    ids::{PrintJobId, StaffId},
    people::Permission,
    time::Moment,
};
use journal::{Body, body::DrawerOpenedV2};
use serde::{Deserialize, Serialize};
use store::Write;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

const NO_SALE: &str = "no_sale";
/// Somebody tries whether the drawer opens.
pub(crate) const TEST: &str = "test";

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenDrawer {
    pub id: Uuid,
    pub reason: String,
    /// A second person's PIN, for those who may not.
    pub approval: Option<Approval>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DrawerView {
    pub id: Uuid,
    pub opened_at: String,
    /// no_sale or test
    pub why: String,
    pub reason: String,
    pub counter: Named,
    pub staff: Option<Named>,
    pub approved_by: Option<Named>,
    /// The kick on its way to the drawer; null in lists.
    pub job: Option<JobView>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OpeningFilter {
    /// A business day such as 2026-11-21; all when absent.
    pub day: Option<String>,
}

impl Shop {
    /// Who opened the drawer, why, and who allowed it: a fact, like everything about money.
    pub(crate) fn note_opening(
        &self,
        tx: &mut Write<'_>,
        actor: &Actor,
        opening: Uuid,
        why: &str,
        reason: String,
        approved_by: Option<StaffId>,
    ) -> Result<()> {
        let till = self.till(tx, actor, false)?;
        let body = DrawerOpenedV2 {
            opening: *opening.as_bytes(),
            counter: till.counter,
            seat: Some(till.seat),
            shift: till.shift,
            why: why.to_owned(),
            order: None,
            approved_by: approved_by.map(|s| s.bytes()),
            opened_ms: till.at.0,
            business_day: till.business_day,
            reason,
        };
        Ok(tx.record(Some(actor.staff), &Body::DrawerOpened(body))?)
    }

    pub fn open_drawer(&self, actor: &Actor, form: &OpenDrawer) -> Result<DrawerView> {
        let content = content_of(
            "open drawer",
            &OpenDrawer {
                approval: None,
                ..form.clone()
            },
        )?;
        let reason = text("reason", &form.reason, 200)?;
        let approved_by = match &form.approval {
            Some(approval) => Some(self.approve(approval, Permission::DrawerOpen, actor)?),
            None => None,
        };
        if approved_by.is_none() && !actor.allows(Permission::DrawerOpen) {
            return Err(Code::DrawerNeedsApproval.into());
        }
        let job = PrintJobId::from_uuid(form.id);
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            let printers = tx.reader().printers()?;
            let printer = drawer_of(&printers).ok_or(AppError::new(Code::NoDrawer))?;
            self.note_opening(tx, actor, form.id, NO_SALE, reason, approved_by)?;
            tx.queue_print(&NewPaper::drawer().at(job, printer.id, Some(actor.staff)))?;
            Ok(())
        })?;
        self.print_waiting();
        let mut view = self
            .openings(None)?
            .into_iter()
            .find(|o| o.id == form.id)
            .ok_or(AppError::new(Code::NotFound))?;
        view.job = self.view_job(job).ok();
        Ok(view)
    }

    pub fn drawer_openings(&self, filter: &OpeningFilter) -> Result<Page<DrawerView>> {
        let day = match &filter.day {
            None => None,
            Some(day) => {
                let date = day
                    .parse()
                    .map_err(|_| AppError::field("day", "a day like 2026-11-21 is expected"))?;
                Some(days::number_of(date))
            }
        };
        Ok(Page::whole(self.openings(day)?))
    }

    fn openings(&self, day: Option<u32>) -> Result<Vec<DrawerView>> {
        self.store.read(|r| {
            let names = Directory::read(r)?;
            Ok(r.drawer_openings(day, 500)?
                .into_iter()
                .map(|row| DrawerView {
                    id: Uuid::from_bytes(row.id),
                    opened_at: rfc3339(Moment(row.opened_ms)),
                    why: row.why,
                    reason: row.reason,
                    counter: names.counter(row.counter),
                    staff: names.staff(row.staff),
                    approved_by: names.staff(row.approved_by),
                    job: None,
                })
                .collect())
        })
    }
}
