//! Modifiers: what a guest may have with a product (extra cheese, no onion, large), in groups that say how many.

use crate::{
    Actor, AppError, Code, Names, Page, Result, Shop,
    catalog::{MOST_MINOR, decimal, held, names},
    settings::patched,
    wire::{content_of, rfc3339, text},
};
use domain::{
    cart::Modifier,
    ids::{ModifierGroupId, ProductId, StaffId},
    money::Money,
    time::Moment,
};
use journal::{
    Body,
    fields::modifier_group as group_field,
    register::{Field, PatchV1, Value},
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use store::{
    Reader, Write,
    catalog::ProductRow,
    prices::{ModifierGroupRow, ModifierRow},
};
use utoipa::ToSchema;
use uuid::Uuid;

const MOST_OPTIONS: usize = 60;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ModifierGroupView {
    pub id: Uuid,
    pub name: String,
    pub names: Names,
    /// How many must be chosen.
    pub least: i64,
    /// How many may be chosen.
    pub most: i64,
    pub options: Vec<ModifierOptionView>,
    pub position: i64,
    pub archived_at: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ModifierOptionView {
    pub id: Uuid,
    pub name: String,
    pub names: Names,
    /// Added to the price of one; never less than nothing.
    pub price_minor: i64,
    /// What it takes from stock, with `quantity` in that product's base unit.
    pub product: Option<Uuid>,
    pub quantity: Option<String>,
    pub available: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifierGroupForm {
    /// Made by the client; needed when adding.
    pub id: Option<Uuid>,
    pub name: String,
    #[serde(default)]
    pub names: Names,
    #[serde(default)]
    pub least: i64,
    pub most: i64,
    pub options: Vec<ModifierForm>,
    #[serde(default)]
    pub position: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifierForm {
    /// Made by the client. It stays the option's name in every cart.
    pub id: Uuid,
    pub name: String,
    #[serde(default)]
    pub names: Names,
    #[serde(default)]
    pub price_minor: i64,
    pub product: Option<Uuid>,
    /// One when left out.
    pub quantity: Option<String>,
    #[serde(default = "yes")]
    pub available: bool,
}

fn yes() -> bool {
    true
}

/// A modifier that was chosen for a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenModifier {
    pub id: Uuid,
    pub name: String,
    pub price_minor: i64,
}

/// The modifiers that a line has, in the order of the product's groups. Refuses what the product does not ask, what
/// there is none of, and too few or too many of a group.
pub fn chosen(reader: &Reader<'_>, row: &ProductRow, ids: &[Uuid]) -> Result<Vec<ChosenModifier>> {
    let refused = |why: String| {
        AppError::new(Code::ModifiersInvalid)
            .because(why)
            .hint("product", row.id.to_string())
    };
    let mut left: Vec<Uuid> = ids.to_vec();
    let mut chosen = vec![];
    for group in &row.modifiers {
        let Some(group) = reader
            .modifier_group(*group)?
            .filter(|group| group.archived_ms.is_none())
        else {
            continue;
        };
        let mut of_group = 0;
        for option in &group.options {
            let id = Uuid::from_bytes(option.id);
            let Some(at) = left.iter().position(|wanted| *wanted == id) else {
                continue;
            };
            left.remove(at);
            if !option.available {
                return Err(
                    refused(format!("there is no {}", option.name)).hint("option", option.name.as_str())
                );
            }
            of_group += 1;
            chosen.push(ChosenModifier {
                id,
                name: option.name.clone(),
                price_minor: option.price_minor,
            });
        }
        if of_group < group.least || of_group > group.most {
            return Err(refused(format!(
                "{} asks for {} to {}, not {of_group}",
                group.name, group.least, group.most
            ))
            .hint("group", group.id.to_string())
            .hint("name", group.name)
            .hint("least", group.least)
            .hint("most", group.most));
        }
    }
    if left.is_empty() {
        Ok(chosen)
    } else {
        Err(refused("this product has no such choice".to_owned()))
    }
}

/// Looks names and prices of a line's modifiers up again; says which of them are not to be had now.
pub(crate) fn priced_now(
    reader: &Reader<'_>,
    row: &ProductRow,
    modifiers: &mut [Modifier],
) -> Result<Vec<String>> {
    if modifiers.is_empty() {
        return Ok(vec![]);
    }
    let mut options: HashMap<[u8; 16], ModifierRow> = HashMap::new();
    for group in &row.modifiers {
        let group = reader.modifier_group(*group)?;
        for option in group
            .filter(|group| group.archived_ms.is_none())
            .into_iter()
            .flat_map(|group| group.options)
        {
            options.insert(option.id, option);
        }
    }
    let mut gone = vec![];
    for modifier in modifiers {
        let option = options.get(&modifier.id);
        if let Some(option) = option {
            modifier.name.clone_from(&option.name);
            modifier.price = Money::from_minor(option.price_minor);
        }
        if !option.is_some_and(|option| option.available) {
            gone.push(modifier.name.clone());
        }
    }
    Ok(gone)
}

/// What a line's modifiers take from stock, each in thousandths of that product's base unit. Asked when a sale is
/// written down: whatever became of an option since, the guest has paid for it.
pub(crate) fn taken(reader: &Reader<'_>, modifiers: &[Modifier]) -> Result<Vec<(ProductId, i64)>> {
    if modifiers.is_empty() {
        return Ok(vec![]);
    }
    let groups = reader.modifier_groups(true)?;
    let options: Vec<&ModifierRow> = groups.iter().flat_map(|group| &group.options).collect();
    Ok(modifiers
        .iter()
        .filter_map(|modifier| options.iter().find(|option| option.id == modifier.id))
        .filter_map(|option| option.product.map(|product| (product, option.milli)))
        .collect())
}

impl From<&ModifierGroupRow> for ModifierGroupView {
    fn from(row: &ModifierGroupRow) -> ModifierGroupView {
        ModifierGroupView {
            id: row.id.uuid(),
            name: row.name.clone(),
            names: row.names.clone(),
            least: row.least,
            most: row.most,
            options: row.options.iter().map(ModifierOptionView::from).collect(),
            position: row.position,
            archived_at: row.archived_ms.map(|ms| rfc3339(Moment(ms))),
        }
    }
}

impl From<&ModifierRow> for ModifierOptionView {
    fn from(row: &ModifierRow) -> ModifierOptionView {
        ModifierOptionView {
            id: Uuid::from_bytes(row.id),
            name: row.name.clone(),
            names: row.names.clone(),
            price_minor: row.price_minor,
            product: row.product.map(|p| p.uuid()),
            quantity: row.product.map(|_| decimal(row.milli)),
            available: row.available,
        }
    }
}

fn group_fields(reader: &Reader<'_>, form: &ModifierGroupForm) -> Result<Vec<(Field, Value)>> {
    if form.options.is_empty() || form.options.len() > MOST_OPTIONS {
        return Err(AppError::field("options", format!("1 to {MOST_OPTIONS} choices")));
    }
    let count = i64::try_from(form.options.len()).unwrap_or(i64::MAX);
    if form.least < 0 || form.most < 1 || form.least > form.most || form.most > count {
        return Err(AppError::field("most", "from the least to the number of choices"));
    }
    let mut seen = vec![];
    let mut options = vec![];
    for option in &form.options {
        if seen.contains(&option.id) {
            return Err(AppError::field("options", "this choice is there twice"));
        }
        seen.push(option.id);
        if !(0..=MOST_MINOR).contains(&option.price_minor) {
            return Err(AppError::field(
                "options",
                "a price is 0 or more, and not that large",
            ));
        }
        let milli = held("options", option.quantity.as_deref().unwrap_or("1"))?;
        if let Some(product) = option.product
            && reader.product(ProductId::from_uuid(product))?.is_none()
        {
            return Err(AppError::field("options", "there is no such product"));
        }
        let Value::List(in_languages) = names(&option.names)? else {
            return Err(Code::Broken.into());
        };
        let in_languages: Names = in_languages
            .chunks_exact(2)
            .map(|pair| (pair[0].clone(), pair[1].clone()))
            .collect();
        let in_languages =
            serde_json::to_string(&in_languages).map_err(|e| AppError::new(Code::Broken).caused(e))?;
        options.extend([
            option.id.to_string(),
            text("options", &option.name, 60)?,
            in_languages,
            option.price_minor.to_string(),
            option.product.map(|p| p.to_string()).unwrap_or_default(),
            milli.to_string(),
            if option.available { "1" } else { "0" }.to_owned(),
        ]);
    }
    Ok(vec![
        (group_field::NAME, Value::Text(text("name", &form.name, 60)?)),
        (group_field::NAMES, names(&form.names)?),
        (group_field::LEAST, Value::Int(form.least)),
        (group_field::MOST, Value::Int(form.most)),
        (group_field::OPTIONS, Value::List(options)),
        (group_field::POSITION, Value::Int(form.position)),
    ])
}

/// Tells whoever writes demo stories how a group is set.
pub(crate) fn record_group(
    tx: &mut Write<'_>,
    staff: Option<StaffId>,
    id: ModifierGroupId,
    form: &ModifierGroupForm,
) -> Result<()> {
    let fields = group_fields(&tx.reader(), form)?;
    let record = id.bytes();
    Ok(tx.record(staff, &Body::ModifierGroupSet(PatchV1 { record, fields }))?)
}

impl Shop {
    pub fn modifier_groups(&self, archived_too: bool) -> Result<Page<ModifierGroupView>> {
        let rows = self.store.read(|r| r.modifier_groups(archived_too))?;
        Ok(Page::whole(rows.iter().map(ModifierGroupView::from).collect()))
    }

    pub fn add_modifier_group(&self, actor: &Actor, form: &ModifierGroupForm) -> Result<ModifierGroupView> {
        let id = form
            .id
            .ok_or_else(|| AppError::field("id", "the client makes the id"))?;
        let id = ModifierGroupId::from_uuid(id);
        let content = content_of("modifier group", form)?;
        self.write_once(id.bytes(), &content, |tx| {
            if tx.reader().modifier_group_record(id)?.is_some() {
                return Err(Code::IdReused.into());
            }
            record_group(tx, Some(actor.staff), id, form)
        })?;
        self.live.tell("modifier_group", Some(id.to_string()));
        self.modifier_group_view(id)
    }

    pub fn edit_modifier_group(
        &self,
        actor: &Actor,
        id: ModifierGroupId,
        form: &ModifierGroupForm,
    ) -> Result<ModifierGroupView> {
        self.patch_group(actor, id, |reader| group_fields(reader, form))
    }

    pub fn archive_modifier_group(&self, actor: &Actor, id: ModifierGroupId) -> Result<ModifierGroupView> {
        let now = self.edges.now();
        self.patch_group(actor, id, |reader| {
            if reader.asks_group(id)? {
                return Err(Code::ModifierGroupInUse.into());
            }
            Ok(vec![(group_field::ARCHIVED_MS, Value::Int(now.0))])
        })
    }

    pub fn restore_modifier_group(&self, actor: &Actor, id: ModifierGroupId) -> Result<ModifierGroupView> {
        self.patch_group(actor, id, |_| Ok(vec![(group_field::ARCHIVED_MS, Value::Null)]))
    }

    fn patch_group(
        &self,
        actor: &Actor,
        id: ModifierGroupId,
        fields: impl FnOnce(&Reader<'_>) -> Result<Vec<(Field, Value)>>,
    ) -> Result<ModifierGroupView> {
        self.store.write(self.edges.now(), |tx| -> Result<()> {
            let old = tx.reader().modifier_group_record(id)?.ok_or(Code::NotFound)?;
            let fields = fields(&tx.reader())?;
            if let Some(patch) = patched(Some(old), id.bytes(), fields) {
                tx.record(Some(actor.staff), &Body::ModifierGroupSet(patch))?;
            }
            Ok(())
        })?;
        self.live.tell("modifier_group", Some(id.to_string()));
        self.modifier_group_view(id)
    }

    fn modifier_group_view(&self, id: ModifierGroupId) -> Result<ModifierGroupView> {
        let row = self.store.read(|r| r.modifier_group(id))?.ok_or(Code::NotFound)?;
        Ok(ModifierGroupView::from(&row))
    }
}
