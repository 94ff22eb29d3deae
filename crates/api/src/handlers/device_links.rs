//! Links for browsers that stand somewhere.

use super::{OpenShop, run};
use crate::{
    Caller, Door,
    error::{ApiResult, ErrorBody},
    extract::{Body, Id},
    guard::LINK_COOKIE,
};
use app::{
    Actor, AppError, Code,
    cart::WriteId,
    device_links::{
        DeviceLinkList, DeviceLinkView, LinkHolder, MadeDeviceLink, NewDeviceLink, OpenDeviceLink,
        OpenedDeviceLink,
    },
};
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// As long as browsers keep any cookie; the link itself may end before.
const KEPT_SECONDS: u32 = 400 * 86_400;

/// The links of every branch, and where browsers reach this device.
#[utoipa::path(get, path = "/api/v1/device-links", tag = "devices", responses((status = 200, body = DeviceLinkList)),
    security(("session" = [])))]
pub async fn list(OpenShop(shop): OpenShop) -> ApiResult<Json<DeviceLinkList>> {
    run(move || shop.device_links()).await.map(Json)
}

/// Makes a link. Its code is told once.
#[utoipa::path(post, path = "/api/v1/device-links", tag = "devices", request_body = NewDeviceLink,
    responses((status = 201, body = MadeDeviceLink), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn make(
    State(door): State<Door>,
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(form): Body<NewDeviceLink>,
) -> ApiResult<(StatusCode, Json<MadeDeviceLink>)> {
    let seen = door.neighbours();
    let made = run(move || shop.make_device_link(&actor, &form, &seen)).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Another code for a link: whoever opens it takes the place of the browser that has it.
#[utoipa::path(post, path = "/api/v1/device-links/{id}/code", tag = "devices", params(("id" = uuid::Uuid, Path)),
    request_body = WriteId,
    responses((status = 200, body = MadeDeviceLink), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)),
    security(("session" = [])))]
pub async fn renew(
    State(door): State<Door>,
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<WriteId>,
) -> ApiResult<Json<MadeDeviceLink>> {
    let seen = door.neighbours();
    run(move || shop.renew_device_link(&actor, id, request.id, &seen))
        .await
        .map(Json)
}

/// Takes a link back: it opens nothing from this moment on.
#[utoipa::path(delete, path = "/api/v1/device-links/{id}", tag = "devices", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = DeviceLinkView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn revoke(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<Json<DeviceLinkView>> {
    run(move || shop.revoke_device_link(&actor, id)).await.map(Json)
}

/// A browser opens a link with its code, and is known by a cookie from then on.
#[utoipa::path(post, path = "/api/v1/device-links/open", tag = "devices", request_body = OpenDeviceLink,
    responses((status = 200, body = OpenedDeviceLink), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub async fn open(
    OpenShop(shop): OpenShop,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Body(form): Body<OpenDeviceLink>,
) -> ApiResult<Response> {
    let address = caller.private_address()?;
    let browser = browser_of(
        headers
            .get(header::USER_AGENT)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default(),
    );
    let (shown, opened) = run(move || shop.open_device_link(&form, &browser, &address)).await?;
    with_cookie(&caller, &shown, opened)
}

/// What the link of this browser is for.
#[utoipa::path(get, path = "/api/v1/device-links/current", tag = "devices",
    responses((status = 200, body = OpenedDeviceLink), (status = 401, body = ErrorBody)))]
pub async fn current(
    Extension(caller): Extension<Caller>,
    Extension(holder): Extension<LinkHolder>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    // Kept for as long again, so that a screen that is looked at is never forgotten by its browser.
    let shown = crate::guard::link_cookie(&headers)
        .ok_or(Code::SignedOut)?
        .to_owned();
    let opened = OpenedDeviceLink {
        id: holder.by.link,
        purpose: holder.purpose.as_str().to_owned(),
    };
    with_cookie(&caller, &shown, opened)
}

fn with_cookie(caller: &Caller, shown: &str, opened: OpenedDeviceLink) -> ApiResult<Response> {
    let mut response = Json(opened).into_response();
    let cookie = cookie(caller, shown)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Keeps a browser's link for as long again.
pub(super) fn cookie(caller: &Caller, shown: &str) -> ApiResult<HeaderValue> {
    // A browser of this machine itself comes without TLS, and would not keep a cookie that asks for it.
    let secure = match caller {
        Caller::Lan(_) => "; Secure",
        Caller::Window(_) | Caller::Tcp(_) => "",
    };
    let cookie = format!(
        "{LINK_COOKIE}={shown}; Path=/api/v1; HttpOnly; SameSite=Strict; Max-Age={KEPT_SECONDS}{secure}"
    );
    Ok(HeaderValue::from_str(&cookie).map_err(|e| AppError::new(Code::Broken).caused(e))?)
}

/// A browser in two words, for a list that people read.
fn browser_of(agent: &str) -> String {
    let first = |of: &[(&str, &'static str)]| {
        of.iter()
            .find(|(mark, _)| agent.contains(mark))
            .map_or("", |(_, name)| *name)
    };
    let program = first(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox", "Firefox"),
        ("FxiOS", "Firefox"),
        ("Chrome", "Chrome"),
        ("CriOS", "Chrome"),
        ("Safari", "Safari"),
    ]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("CrOS", "ChromeOS"),
        ("Windows", "Windows"),
        ("Mac OS", "Mac"),
        ("Linux", "Linux"),
    ]);
    [program, system]
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::browser_of;

    #[test]
    fn browsers_are_called_what_people_call_them() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36",
                "Chrome, Android",
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Safari/604.1",
                "Safari, iPad",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
                "Firefox, Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0",
                "Edge, Windows",
            ),
            ("curl/8", ""),
        ] {
            assert_eq!(browser_of(agent), name, "{agent}");
        }
    }
}
