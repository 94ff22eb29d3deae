//! The branches of the shop: opening another one, what each is called and where it lies, closing it.
//!
//! A branch is a record of its own, so that it has a name before any device stands there. Everything about it that
//! has a value is a setting of that branch: its name and address, and whatever it has otherwise than the shop.

use crate::{
    Actor, AppError, Code, Page, Result, Shop,
    catalog::ProductView,
    settings::{Settings, patched, set_of_branch, share_with_all},
    setup::regions_of,
    staff::find_active,
    wire::{content_of, rfc3339, text},
};
use domain::{
    ids::{BranchId, ProductId},
    people::{Permission, Role},
    time::Moment,
};
use journal::{
    Body,
    fields::{branch as field, branch_product as at_field},
    register::{Field, Value},
};
use serde::{Deserialize, Serialize};
use store::{Reader, Write, branches::BranchRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a shop's only branch is called until somebody names it.
pub(crate) const UNNAMED: &str = "Main branch";
/// The most branches that one shop can have open.
const MOST: usize = 10_000;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BranchView {
    pub id: Uuid,
    pub name: String,
    /// Lines of text.
    pub address: String,
    pub phone: String,
    /// The region whose taxes hold there: its own, or the shop's.
    pub region: String,
    pub zone: String,
    /// The number under which it sells: its own, or the shop's.
    pub tax_number: String,
    pub opened_at: String,
    pub closed_at: Option<String>,
    /// Devices of the shop that stand there.
    pub devices: u32,
    /// The one that this device stands in.
    pub here: bool,
}

/// Opens a branch, or describes it anew. What is left out of a new one is as in the shop, or as here.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BranchForm {
    /// Made by the client; the new branch's own when opening one, the write's when changing.
    pub id: Uuid,
    pub name: String,
    pub address: Option<String>,
    pub phone: Option<String>,
    pub region: Option<String>,
    pub zone: Option<String>,
    pub tax_number: Option<String>,
    /// Nothing is sold there any more.
    #[serde(default)]
    pub closed: bool,
}

/// Where a product is sold.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SoldAtForm {
    pub id: Uuid,
    pub branch: Uuid,
    pub sold: bool,
}

impl Shop {
    /// Says whether a product is sold at a branch.
    pub fn set_sold_at(&self, actor: &Actor, product: ProductId, form: &SoldAtForm) -> Result<ProductView> {
        let content = content_of(&format!("sold {product}"), form)?;
        let branch = BranchId::from_uuid(form.branch);
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            tx.reader().product(product)?.ok_or(Code::NotFound)?;
            if tx.reader().branch(branch)?.is_none() {
                return Err(AppError::field("branch", "there is no such branch"));
            }
            must_at(&tx.reader(), actor, branch, Permission::CatalogChange)?;
            let (record, fields) = sold_at(branch, product, form.sold);
            let old = tx.reader().branch_product_record(record)?;
            if let Some(patch) = patched(old, record, fields) {
                tx.record(Some(actor.staff), &Body::BranchProductSet(patch))?;
            }
            Ok(())
        })?;
        self.live.tell("product", Some(product.to_string()));
        self.product(product)
    }

    pub fn branches(&self) -> Result<Page<BranchView>> {
        self.store.read(|r| {
            let rows = r.settings()?;
            let views = r
                .branches()?
                .iter()
                .map(|row| self.view_branch(&Settings::of_branch(&rows, &self.identity, row.id)?, row))
                .collect::<Result<_>>()?;
            Ok(Page::whole(views))
        })
    }

    pub fn branch(&self, id: BranchId) -> Result<BranchView> {
        self.store.read(|r| {
            let row = r.branch(id)?.ok_or(Code::NotFound)?;
            self.view_branch(&self.settings_of_branch(r, id)?, &row)
        })
    }

    /// What holds at a branch, seen from any device of the shop.
    pub(crate) fn settings_of_branch(&self, reader: &Reader<'_>, id: BranchId) -> Result<Settings> {
        if reader.branch(id)?.is_none() {
            return Err(AppError::new(Code::NotFound).hint("branch", id.to_string()));
        }
        Ok(Settings::of_branch(&reader.settings()?, &self.identity, id)?)
    }

    fn view_branch(&self, settings: &Settings, row: &BranchRow) -> Result<BranchView> {
        let word = |key: &str| settings.text(key).to_owned();
        Ok(BranchView {
            id: row.id.uuid(),
            name: word("branch.name"),
            address: word("branch.address"),
            phone: word("branch.phone"),
            region: word("shop.region"),
            zone: word("branch.zone"),
            tax_number: word("shop.tax_number"),
            opened_at: rfc3339(Moment(row.opened_ms)),
            closed_at: row.closed_ms.map(|ms| rfc3339(Moment(ms))),
            devices: row.devices,
            here: row.id == self.identity.branch,
        })
    }

    pub fn open_branch(&self, actor: &Actor, form: &BranchForm) -> Result<BranchView> {
        let id = BranchId::from_uuid(form.id);
        if form.closed {
            return Err(AppError::field("closed", "a branch that opens is open"));
        }
        let content = content_of("open branch", form)?;
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            let known = tx.reader().branches()?;
            if known.len() >= MOST {
                return Err(AppError::field("id", "these are too many branches"));
            }
            name_is_free(&tx.reader(), None, &form.name)?;
            if let [only] = known.as_slice() {
                share_with_all(tx, actor, only.id)?;
            }
            let fields = vec![(field::OPENED_MS, Value::Int(tx.now().0))];
            if let Some(patch) = patched(None, id.bytes(), fields) {
                tx.record(Some(actor.staff), &Body::BranchSet(patch))?;
            }
            // A place has a clock, even where nobody said which.
            let zone = self.settings().text("branch.zone").to_owned();
            self.describe(tx, actor, id, form, Some(&zone))
        })?;
        self.told_branches(actor)?;
        self.branch(id)
    }

    pub fn change_branch(&self, actor: &Actor, id: BranchId, form: &BranchForm) -> Result<BranchView> {
        let content = content_of(&format!("branch {id}"), form)?;
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            let row = tx.reader().branch(id)?.ok_or(Code::NotFound)?;
            name_is_free(&tx.reader(), Some(id), &form.name)?;
            if form.closed != row.closed_ms.is_some() {
                if form.closed {
                    may_close(&tx.reader(), &row)?;
                }
                let closed = match form.closed {
                    true => Value::Int(tx.now().0),
                    false => Value::Null,
                };
                let old = tx.reader().branch_record(id)?;
                if let Some(patch) = patched(old, id.bytes(), vec![(field::CLOSED_MS, closed)]) {
                    tx.record(Some(actor.staff), &Body::BranchSet(patch))?;
                }
            }
            self.describe(tx, actor, id, form, None)
        })?;
        self.told_branches(actor)?;
        self.branch(id)
    }

    /// Its settings, as far as the form says something else than what holds there anyway.
    fn describe(
        &self,
        tx: &mut Write<'_>,
        actor: &Actor,
        id: BranchId,
        form: &BranchForm,
        zone: Option<&str>,
    ) -> Result<()> {
        let now = Settings::of_branch(&tx.reader().settings()?, &self.identity, id)?;
        let region = form.region.as_deref().map(str::trim);
        if let Some(region) = region.filter(|region| !region.is_empty()) {
            let known = regions_of(now.text("shop.country"));
            if !known.is_empty() && !known.iter().any(|one| one.code == region) {
                return Err(AppError::field("region", "this region is not in the list"));
            }
        }
        let said = [
            ("branch.name", Some(form.name.as_str())),
            ("branch.address", form.address.as_deref()),
            ("branch.phone", form.phone.as_deref()),
            ("shop.region", region),
            (
                "branch.zone",
                form.zone.as_deref().filter(|zone| !zone.is_empty()).or(zone),
            ),
            ("shop.tax_number", form.tax_number.as_deref()),
        ];
        for (key, value) in said {
            if let Some(value) = value.filter(|value| value.trim() != now.text(key)) {
                let field = key.rsplit('.').next().unwrap_or(key);
                set_of_branch(tx, actor, id, key, value).map_err(|error| named(error, field))?;
            }
        }
        Ok(())
    }

    fn told_branches(&self, actor: &Actor) -> Result<()> {
        self.reload_settings()?;
        self.live.tell("setting", None);
        self.tell_display(actor.seat);
        Ok(())
    }
}

/// Whether somebody may do it at a branch that need not be this one: people as what they are there, a program as its
/// key says.
pub(crate) fn may_at(
    reader: &Reader<'_>,
    actor: &Actor,
    branch: BranchId,
    permission: Permission,
) -> Result<bool> {
    if actor.grants.is_some() || !actor.allows(permission) || reader.own_branch()? == Some(branch) {
        return Ok(actor.allows(permission));
    }
    let person = find_active(reader, actor.staff)?;
    let role: Option<Role> = person.role_at(branch).and_then(|role| role.parse().ok());
    Ok(role.is_some_and(|role| role.allows(permission)))
}

pub(crate) fn must_at(
    reader: &Reader<'_>,
    actor: &Actor,
    branch: BranchId,
    permission: Permission,
) -> Result<()> {
    match may_at(reader, actor, branch, permission)? {
        true => Ok(()),
        false => Err(AppError::new(Code::NotAllowed)
            .hint("permission", permission.as_str())
            .hint("branch", branch.to_string())),
    }
}

/// The record that says whether a product is sold at a branch, and what stands in it.
pub(crate) fn sold_at(branch: BranchId, product: ProductId, sold: bool) -> ([u8; 16], Vec<(Field, Value)>) {
    let fields = vec![
        (at_field::BRANCH, Value::Bytes(branch.bytes().to_vec())),
        (at_field::PRODUCT, Value::Bytes(product.bytes().to_vec())),
        (at_field::HIDDEN, Value::Bool(!sold)),
    ];
    (of_both(branch, product), fields)
}

/// The same branch and product are the same record on every device.
fn of_both(branch: BranchId, product: ProductId) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(b"branch product")
        .update(&branch.bytes())
        .update(&product.bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    id
}

/// What was wrong with a setting was wrong with that field of the form.
fn named(error: AppError, field: &str) -> AppError {
    match error.code {
        Code::FieldInvalid => error.hint("field", field),
        _ => error,
    }
}

/// Two places of one name are told apart by nobody.
fn name_is_free(reader: &Reader<'_>, but: Option<BranchId>, name: &str) -> Result<()> {
    let name = text("name", name, 80)?.to_lowercase();
    let names = Settings::branch_names(&reader.settings()?);
    let taken = reader.branches()?.iter().any(|one| {
        let other = names.get(&one.id).map_or(UNNAMED, String::as_str);
        Some(one.id) != but && other.to_lowercase() == name
    });
    match taken {
        true => Err(AppError::field("name", "another branch is called that")),
        false => Ok(()),
    }
}

/// A device joins a branch that is there and open.
pub(crate) fn must_be_open(reader: &Reader<'_>, id: BranchId) -> Result<()> {
    match reader.branch(id)? {
        Some(row) if row.closed_ms.is_none() => Ok(()),
        _ => Err(AppError::field("branch", "there is no such branch")),
    }
}

fn may_close(reader: &Reader<'_>, row: &BranchRow) -> Result<()> {
    if row.devices > 0 {
        return Err(AppError::new(Code::BranchInUse).hint("devices", row.devices));
    }
    let others = reader.branches()?;
    match others
        .iter()
        .any(|one| one.id != row.id && one.closed_ms.is_none())
    {
        true => Ok(()),
        false => Err(Code::LastBranch.into()),
    }
}
