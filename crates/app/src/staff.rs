//! The people who work here: adding, changing, archiving, and their PINs.

use crate::{
    Actor, AppError, Code, Page, Result, Shop,
    sessions::hash_pin,
    settings::{LANGUAGES, patched},
    wire::{content_of, rfc3339, text},
};
use domain::{
    ids::{BranchId, StaffId},
    people::{Permission, Role},
    time::Moment,
};
use journal::{
    Body,
    fields::staff as field,
    register::{Field, Value},
};
use serde::{Deserialize, Serialize};
use store::{Reader, people::StaffRow};
use utoipa::ToSchema;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StaffView {
    pub id: uuid::Uuid,
    pub name: String,
    pub role: String,
    /// Where they work and as what; empty: everywhere, as their role says.
    pub branches: Vec<StaffAtBranch>,
    pub language: Option<String>,
    pub hand: String,
    pub hue: String,
    pub active: bool,
    /// Signs in from other machines with password and code.
    pub second_factor: bool,
    pub archived_at: Option<String>,
}

/// What somebody is at one branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StaffAtBranch {
    pub branch: uuid::Uuid,
    /// manager, cashier, sales or kitchen
    pub role: String,
}

impl From<&StaffRow> for StaffView {
    fn from(row: &StaffRow) -> StaffView {
        StaffView {
            id: row.id.uuid(),
            name: row.name.clone(),
            role: row.role.clone(),
            branches: row
                .at_branches
                .iter()
                .map(|(branch, role)| StaffAtBranch {
                    branch: branch.uuid(),
                    role: role.clone(),
                })
                .collect(),
            language: row.language.clone(),
            hand: row.hand.clone(),
            hue: row.hue.clone(),
            active: row.active,
            second_factor: false,
            archived_at: row.archived_ms.map(|ms| rfc3339(Moment(ms))),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStaff {
    pub id: uuid::Uuid,
    pub name: String,
    /// owner, manager, cashier, sales or kitchen
    pub role: String,
    /// 4 to 8 digits
    pub pin: String,
    pub language: Option<String>,
    /// right or left
    pub hand: Option<String>,
    pub hue: Option<String>,
    /// Where they work and as what; empty: everywhere, as their role says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<StaffAtBranch>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditStaff {
    pub id: Option<uuid::Uuid>,
    pub name: String,
    pub role: String,
    pub language: Option<String>,
    pub hand: Option<String>,
    pub hue: Option<String>,
    #[serde(default = "yes")]
    pub active: bool,
    /// Where they work and as what; empty: everywhere. Left out, it stays as it is.
    pub branches: Option<Vec<StaffAtBranch>>,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPin {
    pub id: uuid::Uuid,
    pub pin: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RoleView {
    pub role: String,
    pub permissions: Vec<String>,
}

pub const HUES: &[&str] = &["rose", "amber", "coral", "leaf", "teal", "olive", "iris", "plum"];

/// Somebody who may work now.
pub(crate) fn find_active(reader: &Reader<'_>, id: StaffId) -> Result<StaffRow> {
    reader
        .staff_member(id)?
        .filter(|s| s.active && s.archived_ms.is_none())
        .ok_or(AppError::new(Code::NotFound))
}

pub fn roles() -> Page<RoleView> {
    let all = [
        Role::Owner,
        Role::Manager,
        Role::Cashier,
        Role::Sales,
        Role::Kitchen,
    ];
    Page::whole(
        all.iter()
            .map(|role| RoleView {
                role: role.as_str().to_owned(),
                permissions: role.permissions().iter().map(|p| p.as_str().to_owned()).collect(),
            })
            .collect(),
    )
}

/// The fields of a new member of staff.
pub(crate) fn new_fields(
    name: &str,
    role: Role,
    pin_hash: String,
    language: Option<&str>,
    hand: &str,
    hue: &str,
) -> Vec<(Field, Value)> {
    let mut fields = describing(name, role, language, hand, hue, true);
    fields.push((field::PIN_HASH, Value::Text(pin_hash)));
    fields
}

fn describing(
    name: &str,
    role: Role,
    language: Option<&str>,
    hand: &str,
    hue: &str,
    active: bool,
) -> Vec<(Field, Value)> {
    vec![
        (field::NAME, Value::Text(name.to_owned())),
        (field::ROLE, Value::Text(role.as_str().to_owned())),
        (
            field::LANGUAGE,
            language.map_or(Value::Null, |l| Value::Text(l.to_owned())),
        ),
        (field::HAND, Value::Text(hand.to_owned())),
        (field::HUE, Value::Text(hue.to_owned())),
        (field::ACTIVE, Value::Bool(active)),
    ]
}

/// What both forms share, checked.
struct Checked {
    name: String,
    role: Role,
    language: Option<String>,
    hand: String,
    hue: String,
}

fn check(
    name: &str,
    role: &str,
    language: Option<&str>,
    hand: Option<&str>,
    hue: Option<&str>,
) -> Result<Checked> {
    let one_of = |field: &str, value: &str, options: &[&str]| {
        if options.contains(&value) {
            Ok(value.to_owned())
        } else {
            Err(AppError::field(field, "not one of the choices"))
        }
    };
    Ok(Checked {
        name: text("name", name, 60)?,
        role: role.parse().map_err(|e| AppError::field("role", e))?,
        language: language
            .filter(|l| !l.is_empty())
            .map(|l| one_of("language", l, LANGUAGES))
            .transpose()?,
        hand: one_of("hand", hand.unwrap_or("right"), &["right", "left"])?,
        hue: one_of("hue", hue.unwrap_or("iris"), HUES)?,
    })
}

/// Where somebody works, as the register keeps it.
fn at_branches(reader: &Reader<'_>, said: &[StaffAtBranch]) -> Result<(Field, Value)> {
    let mut kept: Vec<String> = Vec::with_capacity(said.len() * 2);
    for one in said {
        let role: Role = one.role.parse().map_err(|e| AppError::field("branches", e))?;
        if matches!(role, Role::Owner | Role::Program) {
            return Err(AppError::field("branches", "an owner is one everywhere"));
        }
        let branch = BranchId::from_uuid(one.branch).to_string();
        if kept.contains(&branch) {
            return Err(AppError::field("branches", "this branch is there twice"));
        }
        if reader.branch(BranchId::from_uuid(one.branch))?.is_none() {
            return Err(AppError::field("branches", "there is no such branch"));
        }
        kept.extend([branch, role.as_str().to_owned()]);
    }
    Ok((field::AT_BRANCHES, Value::List(kept)))
}

impl Shop {
    pub fn staff_list(&self, archived_too: bool) -> Result<Page<StaffView>> {
        let (rows, factors) = self
            .store
            .read(|r| Ok::<_, AppError>((r.staff(archived_too)?, r.second_factor_ids()?)))?;
        let people = rows.iter().filter(|row| row.role != Role::Program.as_str());
        let people = people.map(|row| StaffView {
            second_factor: factors.contains_key(&row.id),
            ..StaffView::from(row)
        });
        Ok(Page::whole(people.collect()))
    }

    pub fn staff_member(&self, id: StaffId) -> Result<StaffView> {
        let (row, factor) = self
            .store
            .read(|r| Ok::<_, AppError>((r.staff_member(id)?, r.second_factor(id)?)))?;
        Ok(StaffView {
            second_factor: factor.is_some(),
            ..StaffView::from(&row.ok_or(Code::NotFound)?)
        })
    }

    pub fn add_staff(&self, actor: &Actor, request: &NewStaff) -> Result<StaffView> {
        let checked = check(
            &request.name,
            &request.role,
            request.language.as_deref(),
            request.hand.as_deref(),
            request.hue.as_deref(),
        )?;
        may_make(actor, checked.role)?;
        let id = StaffId::from_uuid(request.id);
        // The PIN stays out of what is kept for comparing: its hash alone is stored.
        let content = content_of(
            "staff",
            &NewStaff {
                pin: String::new(),
                ..request.clone()
            },
        )?;
        let pin_hash = hash_pin(&request.pin)?;
        self.write_once(id.bytes(), &content, |tx| {
            if tx.reader().staff_record(id)?.is_some() {
                return Err(Code::IdReused.into());
            }
            let mut fields = new_fields(
                &checked.name,
                checked.role,
                pin_hash,
                checked.language.as_deref(),
                &checked.hand,
                &checked.hue,
            );
            if !request.branches.is_empty() {
                fields.push(at_branches(&tx.reader(), &request.branches)?);
            }
            Ok(tx.record(
                Some(actor.staff),
                &Body::StaffSet(journal::register::PatchV1 {
                    record: id.bytes(),
                    fields,
                }),
            )?)
        })?;
        self.live.tell("staff", Some(id.to_string()));
        self.staff_member(id)
    }

    pub fn edit_staff(&self, actor: &Actor, id: StaffId, request: &EditStaff) -> Result<StaffView> {
        let checked = check(
            &request.name,
            &request.role,
            request.language.as_deref(),
            request.hand.as_deref(),
            request.hue.as_deref(),
        )?;
        let role_changed = self.change_staff(actor, id, |reader, old| {
            may_make(actor, checked.role)?;
            may_make(actor, old.role.parse().map_err(|_| AppError::new(Code::Broken))?)?;
            let mut fields = describing(
                &checked.name,
                checked.role,
                checked.language.as_deref(),
                &checked.hand,
                &checked.hue,
                request.active,
            );
            if let Some(branches) = &request.branches {
                fields.push(at_branches(reader, branches)?);
            }
            Ok(fields)
        })?;
        if role_changed {
            self.end_sessions_of(id, None);
        }
        self.staff_member(id)
    }

    pub fn set_pin(&self, actor: &Actor, id: StaffId, request: &NewPin) -> Result<StaffView> {
        let pin_hash = hash_pin(&request.pin)?;
        self.change_staff(actor, id, |_, old| {
            may_make(actor, old.role.parse().map_err(|_| AppError::new(Code::Broken))?)?;
            Ok(vec![(field::PIN_HASH, Value::Text(pin_hash))])
        })?;
        self.end_sessions_of(id, Some(actor.session));
        self.staff_member(id)
    }

    pub fn archive_staff(&self, actor: &Actor, id: StaffId) -> Result<StaffView> {
        let now = self.edges.now();
        self.change_staff(actor, id, |_, old| {
            may_make(actor, old.role.parse().map_err(|_| AppError::new(Code::Broken))?)?;
            let when = old.archived_ms.unwrap_or(now.0);
            Ok(vec![(field::ARCHIVED_MS, Value::Int(when))])
        })?;
        self.end_sessions_of(id, None);
        self.staff_member(id)
    }

    pub fn restore_staff(&self, actor: &Actor, id: StaffId) -> Result<StaffView> {
        self.change_staff(actor, id, |_, old| {
            may_make(actor, old.role.parse().map_err(|_| AppError::new(Code::Broken))?)?;
            Ok(vec![(field::ARCHIVED_MS, Value::Null)])
        })?;
        self.staff_member(id)
    }

    /// Patches somebody and keeps the rule that a shop has an owner. Says whether the role or the right to work changed.
    fn change_staff(
        &self,
        actor: &Actor,
        id: StaffId,
        fields: impl FnOnce(&Reader<'_>, &StaffRow) -> Result<Vec<(Field, Value)>>,
    ) -> Result<bool> {
        let changed = self.store.write(self.edges.now(), |tx| {
            let old = tx
                .reader()
                .staff_member(id)?
                .ok_or(AppError::new(Code::NotFound))?;
            let fields = fields(&tx.reader(), &old)?;
            if let Some(patch) = patched(tx.reader().staff_record(id)?, id.bytes(), fields) {
                tx.record(Some(actor.staff), &Body::StaffSet(patch))?;
            }
            let everybody = tx.reader().staff(false)?;
            if !everybody
                .iter()
                .any(|s| s.role == Role::Owner.as_str() && s.active)
            {
                return Err(AppError::new(Code::LastOwner));
            }
            let new = tx
                .reader()
                .staff_member(id)?
                .ok_or(AppError::new(Code::NotFound))?;
            Ok(old.role != new.role || old.at_branches != new.at_branches || old.active != new.active)
        })?;
        self.live.tell("staff", Some(id.to_string()));
        Ok(changed)
    }
}

/// Only an owner makes, changes or removes an owner.
fn may_make(actor: &Actor, role: Role) -> Result<()> {
    actor.must(Permission::StaffChange)?;
    if role == Role::Program {
        return Err(AppError::field(
            "role",
            "a program is made and revoked with its key",
        ));
    }
    if role == Role::Owner && actor.role != Role::Owner {
        return Err(AppError::new(Code::NotAllowed).because("only an owner may do that to an owner"));
    }
    Ok(())
}
