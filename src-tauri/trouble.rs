//! What the windows show when the shop's data cannot be opened: one sentence of what is wrong, one of what to do, and a
//! button to try again. It needs nothing of the core and nothing of the built UI, because either may be the trouble.

use std::fmt::Write;

use tauri::http::{Method, Request, Response, StatusCode, header};

use crate::windows;

/// Why the store did not open, by what a person can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    NewerData,
    WrongKey,
    DiskFull,
    Disk,
    Damaged,
    InUse,
    Broken,
}

impl From<app::OpenError> for Trouble {
    fn from(error: app::OpenError) -> Self {
        use app::{OpenError, StoreError};
        match error {
            OpenError::InUse(_) => Trouble::InUse,
            OpenError::Folder { cause, .. } if cause.kind() == std::io::ErrorKind::StorageFull => {
                Trouble::DiskFull
            }
            OpenError::Folder { .. } => Trouble::Disk,
            OpenError::Key(_) => Trouble::WrongKey,
            OpenError::Store(cause) => match cause {
                StoreError::NewerDatabase { .. } => Trouble::NewerData,
                StoreError::WrongKey => Trouble::WrongKey,
                StoreError::DiskFull => Trouble::DiskFull,
                StoreError::Disk(_) => Trouble::Disk,
                StoreError::Busy => Trouble::InUse,
                StoreError::Damaged(_) | StoreError::Conflict | StoreError::NoShop => Trouble::Damaged,
                StoreError::TooMuch | StoreError::Sqlite(_) => Trouble::Broken,
            },
        }
    }
}

/// A language's title and two sentences for each trouble, and its words for the button and the version.
struct Words {
    lang: &'static str,
    dir: &'static str,
    again: &'static str,
    safe: &'static str,
    told: fn(Trouble) -> [&'static str; 2],
}

const LANGUAGES: [Words; 3] = [
    Words {
        lang: "en",
        dir: "ltr",
        again: "Try again",
        safe: "Nothing was changed or deleted.",
        told: |trouble| match trouble {
            Trouble::NewerData => [
                "This shop was last opened by a newer Chandi",
                "Install the newest version on this device, then open the app again.",
            ],
            Trouble::WrongKey => [
                "This device's key does not open the shop's data",
                "If your system asks to unlock its keyring or keychain, unlock it and try again. If the data was copied from another device, it only opens there.",
            ],
            Trouble::DiskFull => [
                "The disk is full",
                "Delete or move some files to make room (about 100 MB), then try again.",
            ],
            Trouble::Disk => [
                "The shop's data cannot be read or written",
                "Check that the disk is connected and that this user may write to the folder, then try again.",
            ],
            Trouble::Damaged => [
                "The shop's data is damaged",
                "Do not delete anything. Restore the newest backup, or ask for help and name the folder below.",
            ],
            Trouble::InUse => [
                "The shop is already open in another program",
                "Close the other Chandi on this device, then try again.",
            ],
            Trouble::Broken => [
                "Chandi could not start",
                "Try again. If it keeps happening, restart the device and send the log file from the folder below.",
            ],
        },
    },
    Words {
        lang: "hi",
        dir: "ltr",
        again: "फिर से कोशिश करें",
        safe: "कुछ भी बदला या मिटाया नहीं गया है।",
        told: |trouble| match trouble {
            Trouble::NewerData => [
                "यह दुकान पिछली बार नए Chandi से खोली गई थी",
                "इस डिवाइस पर नया संस्करण लगाएँ, फिर ऐप दोबारा खोलें।",
            ],
            Trouble::WrongKey => [
                "इस डिवाइस की कुंजी से दुकान का डेटा नहीं खुलता",
                "अगर सिस्टम अपना कीरिंग खोलने को कहे तो उसे खोलें और फिर कोशिश करें। डेटा किसी और डिवाइस से कॉपी किया गया हो तो वह वहीं खुलेगा।",
            ],
            Trouble::DiskFull => [
                "डिस्क भर गई है",
                "कुछ फ़ाइलें हटाकर या दूसरी जगह रखकर जगह बनाएँ (क़रीब 100 MB), फिर कोशिश करें।",
            ],
            Trouble::Disk => [
                "दुकान का डेटा पढ़ा या लिखा नहीं जा सकता",
                "देखें कि डिस्क जुड़ी है और इस उपयोगकर्ता को फ़ोल्डर में लिखने की अनुमति है, फिर कोशिश करें।",
            ],
            Trouble::Damaged => [
                "दुकान का डेटा ख़राब हो गया है",
                "कुछ न मिटाएँ। सबसे नया बैकअप वापस लाएँ, या नीचे लिखा फ़ोल्डर बताकर मदद लें।",
            ],
            Trouble::InUse => [
                "दुकान किसी दूसरे प्रोग्राम में पहले से खुली है",
                "इस डिवाइस पर खुला दूसरा Chandi बंद करें, फिर कोशिश करें।",
            ],
            Trouble::Broken => [
                "Chandi शुरू नहीं हो सका",
                "फिर से कोशिश करें। बार-बार हो तो डिवाइस को बंद करके चालू करें और नीचे के फ़ोल्डर से लॉग फ़ाइल भेजें।",
            ],
        },
    },
    Words {
        lang: "ar",
        dir: "rtl",
        again: "حاول مرة أخرى",
        safe: "لم يتغيّر شيء ولم يُحذف شيء.",
        told: |trouble| match trouble {
            Trouble::NewerData => [
                "فُتح هذا المتجر آخر مرة بإصدار أحدث من Chandi",
                "ثبّت أحدث إصدار على هذا الجهاز، ثم افتح التطبيق من جديد.",
            ],
            Trouble::WrongKey => [
                "مفتاح هذا الجهاز لا يفتح بيانات المتجر",
                "إذا طلب النظام فتح سلسلة المفاتيح فافتحها وحاول مرة أخرى. وإذا نُسخت البيانات من جهاز آخر فلن تُفتح إلا هناك.",
            ],
            Trouble::DiskFull => [
                "القرص ممتلئ",
                "احذف بعض الملفات أو انقلها لتوفير مساحة (نحو 100 ميغابايت)، ثم حاول مرة أخرى.",
            ],
            Trouble::Disk => [
                "تتعذر قراءة بيانات المتجر أو كتابتها",
                "تأكد من أن القرص موصول ومن أن لهذا المستخدم حق الكتابة في المجلد، ثم حاول مرة أخرى.",
            ],
            Trouble::Damaged => [
                "بيانات المتجر تالفة",
                "لا تحذف شيئًا. استعد أحدث نسخة احتياطية، أو اطلب المساعدة واذكر المجلد أدناه.",
            ],
            Trouble::InUse => [
                "المتجر مفتوح في برنامج آخر",
                "أغلق نسخة Chandi الأخرى على هذا الجهاز، ثم حاول مرة أخرى.",
            ],
            Trouble::Broken => [
                "تعذّر بدء Chandi",
                "حاول مرة أخرى. إذا تكرر الأمر فأعد تشغيل الجهاز وأرسل ملف السجل من المجلد أدناه.",
            ],
        },
    },
];

/// Whether the person pressed "Try again"; the customer's window cannot.
pub fn asks_again(window: &str, request: &Request<Vec<u8>>) -> bool {
    window == windows::CASHIER && request.method() == Method::GET && request.uri().query() == Some("again")
}

/// The answer to anything that is asked while the store is shut. The customer reads nothing about it.
pub fn answer(
    trouble: Trouble,
    cashiers: bool,
    folder: &str,
    request: &Request<Vec<u8>>,
) -> Response<Vec<u8>> {
    let path = request.uri().path();
    if path == "/trouble.js" {
        return reply(
            StatusCode::OK,
            "text/javascript",
            include_str!("pages/trouble.js"),
        );
    }
    if path.starts_with("/api/") {
        let body = serde_json::json!({ "error": {
            "code": "store_shut", "kind": "broken", "message": "the shop's data is not open", "hints": {}, "incident": null
        }});
        return reply(
            StatusCode::SERVICE_UNAVAILABLE,
            "application/json",
            &body.to_string(),
        );
    }
    reply(
        StatusCode::OK,
        "text/html; charset=utf-8",
        &if cashiers {
            page(trouble, folder)
        } else {
            waiting()
        },
    )
}

fn reply(status: StatusCode, kind: &str, body: &str) -> Response<Vec<u8>> {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, kind)
        .header(header::CACHE_CONTROL, "no-store")
        .header(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
        )
        .body(body.as_bytes().to_vec())
        .unwrap_or_default()
}

fn page(trouble: Trouble, folder: &str) -> String {
    let mut sections = String::new();
    for Words {
        lang,
        dir,
        again,
        safe,
        told,
    } in &LANGUAGES
    {
        let [what, next] = told(trouble);
        // Writing to a String cannot fail.
        let _ = write!(
            sections,
            r#"<section lang="{lang}" dir="{dir}" role="alert"><h1>{what}</h1><p>{next}</p><p class="quiet">{safe}<br><bdi>{}</bdi> · <bdi>Chandi {}</bdi></p><a href="/?again">{again}</a></section>"#,
            escape(folder),
            env!("CARGO_PKG_VERSION"),
        );
    }
    format!(
        r#"<!doctype html><html lang="en"><meta charset="utf-8"><title>Chandi</title><meta name="viewport" content="width=device-width"><style>{}</style><script src="/trouble.js"></script><main>{sections}</main></html>"#,
        include_str!("pages/trouble.css")
    )
}

/// The customer's screen stays calm, and looks again by itself.
fn waiting() -> String {
    format!(
        r#"<!doctype html><html lang="en"><meta charset="utf-8"><title>Chandi</title><meta http-equiv="refresh" content="2"><style>{}</style></html>"#,
        include_str!("pages/trouble.css")
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str) -> Request<Vec<u8>> {
        Request::get(format!("chandi://localhost{path}"))
            .body(Vec::new())
            .expect("a request")
    }

    fn body(response: Response<Vec<u8>>) -> String {
        String::from_utf8(response.into_body()).expect("text")
    }

    const ALL: [Trouble; 7] = [
        Trouble::NewerData,
        Trouble::WrongKey,
        Trouble::DiskFull,
        Trouble::Disk,
        Trouble::Damaged,
        Trouble::InUse,
        Trouble::Broken,
    ];

    #[test]
    fn every_trouble_is_told_in_every_language() {
        for trouble in ALL {
            let page = body(answer(trouble, true, "/data", &get("/")));
            for words in &LANGUAGES {
                let [what, next] = (words.told)(trouble);
                assert!(
                    page.contains(what) && page.contains(next),
                    "{trouble:?} in {}",
                    words.lang
                );
            }
        }
    }

    #[test]
    fn the_customer_reads_nothing_about_it() {
        let page = body(answer(
            Trouble::Damaged,
            false,
            "/data",
            &get("/?screen=customer"),
        ));
        assert!(!page.contains("damaged") && !page.contains("/data"), "{page}");
        assert!(
            !asks_again("customer", &get("/?again")),
            "and cannot press the button"
        );
        assert!(asks_again("cashier", &get("/?again")));
    }

    #[test]
    fn a_folders_name_cannot_become_markup() {
        let page = body(answer(
            Trouble::Disk,
            true,
            "/<script>alert(1)</script>",
            &get("/"),
        ));
        assert!(!page.contains("<script>alert"), "{page}");
    }

    #[test]
    fn programs_get_the_error_as_the_api_tells_errors() {
        let response = answer(Trouble::DiskFull, true, "/data", &get("/api/v1/health"));
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(body(response).contains(r#""code":"store_shut""#));
    }
}
