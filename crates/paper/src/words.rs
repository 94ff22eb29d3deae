//! The few words that a slip of paper needs, in every language the house speaks. A shop's own texts come with the data.

/// A language that slips are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    Hindi,
    Arabic,
}

impl Language {
    /// The language of a tag such as "hi" or "ar-AE"; English where we have no words.
    pub fn of(tag: &str) -> Language {
        match tag.split(['-', '_']).next() {
            Some("hi") => Language::Hindi,
            Some("ar") => Language::Arabic,
            _ => Language::English,
        }
    }

    pub fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Hindi => "hi",
            Language::Arabic => "ar",
        }
    }

    pub fn is_rtl(self) -> bool {
        self == Language::Arabic
    }
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident: $english:literal, $hindi:literal, $arabic:literal;)*) => {
        /// Every word, by its meaning.
        #[derive(Clone, Copy, Debug)]
        pub struct Words {
            $($(#[$doc])* pub $name: &'static str,)*
        }

        impl Words {
            pub fn of(language: Language) -> Words {
                match language {
                    Language::English => Words { $($name: $english,)* },
                    Language::Hindi => Words { $($name: $hindi,)* },
                    Language::Arabic => Words { $($name: $arabic,)* },
                }
            }

            #[cfg(test)]
            fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

words! {
    receipt: "Receipt", "रसीद", "إيصال";
    token: "Order token", "ऑर्डर टोकन", "رمز الطلب";
    credit_note: "Credit note", "क्रेडिट नोट", "إشعار دائن";
    order: "Order", "ऑर्डर", "الطلب";
    counter: "Counter", "काउंटर", "الصندوق";
    served_by: "Served by", "सेवा", "خدمكم";
    tax_number: "Tax no.", "कर संख्या", "الرقم الضريبي";
    subtotal: "Subtotal", "उप-योग", "المجموع الفرعي";
    discount: "Discount", "छूट", "خصم";
    rounding: "Rounding", "राउंड ऑफ़", "تقريب";
    total: "Total", "कुल", "الإجمالي";
    received: "Received", "प्राप्त", "المستلم";
    change: "Change", "वापस", "الباقي";
    collect: "Show this code to collect your order", "ऑर्डर लेने के लिए यह कोड दिखाएँ", "أظهر هذا الرمز لاستلام طلبك";
    gift_card: "Gift card", "गिफ़्ट कार्ड", "بطاقة هدية";
    one_time_number: "Or say this number", "या यह नंबर बताएँ", "أو اذكر هذا الرقم";
    valid_until: "Valid until", "मान्य", "صالح حتى";
    phone: "Phone", "फ़ोन", "الهاتف";
    /// Before the number of a copy.
    copy: "COPY", "प्रतिलिपि", "نسخة";
    demo: "DEMO – NOT A REAL SALE", "डेमो – असली बिक्री नहीं", "تجريبي – ليست عملية بيع حقيقية";
    tax_invoice: "Tax invoice", "कर चालान", "فاتورة ضريبية";
    bill_of_supply: "Bill of supply", "आपूर्ति बिल", "فاتورة توريد";
    invoice: "Invoice", "चालान", "فاتورة";
    quotation: "Quotation", "कोटेशन", "عرض سعر";
    statement: "Statement of account", "खाता विवरण", "كشف حساب";
    invoice_no: "Number", "संख्या", "الرقم";
    date: "Date", "दिनांक", "التاريخ";
    due: "Due", "देय तिथि", "تاريخ الاستحقاق";
    of_invoice: "For invoice", "चालान के लिए", "عن الفاتورة";
    place_of_supply: "Place of supply", "आपूर्ति का स्थान", "مكان التوريد";
    reverse_charge: "Reverse charge", "रिवर्स चार्ज", "الاحتساب العكسي";
    yes: "Yes", "हाँ", "نعم";
    no: "No", "नहीं", "لا";
    bill_to: "Bill to", "ग्राहक", "فاتورة إلى";
    deliver_to: "Deliver to", "डिलीवरी पता", "التسليم إلى";
    description: "Description", "विवरण", "الوصف";
    goods_code: "Code", "कोड", "الرمز";
    quantity: "Quantity", "मात्रा", "الكمية";
    rate: "Price", "दर", "السعر";
    taxable: "Taxable value", "कर योग्य मूल्य", "القيمة الخاضعة للضريبة";
    tax: "Tax", "कर", "الضريبة";
    tax_rate: "Rate", "कर दर", "النسبة";
    amount: "Amount", "राशि", "المبلغ";
    in_words: "Amount in words", "शब्दों में राशि", "المبلغ كتابةً";
    /// Goods by their code in the law, with their taxes.
    by_code: "By HSN/SAC", "HSN/SAC के अनुसार", "حسب رمز HSN/SAC";
    total_tax: "Total tax", "कुल कर", "إجمالي الضريبة";
    instalments: "Instalments", "किस्तें", "الأقساط";
    open: "Open", "बाकी", "المتبقي";
    payment_receipt: "Payment receipt", "भुगतान रसीद", "إيصال دفع";
    received_from: "Received from", "किससे मिला", "استُلم من";
    reference: "Reference", "संदर्भ", "المرجع";
    paid_for: "For", "किसके लिए", "مقابل";
    advance: "In advance", "अग्रिम", "دفعة مقدمة";
    owed_now: "Still owed", "अब बकाया", "المستحق الآن";
    credit_now: "In the customer's favour", "ग्राहक का जमा", "رصيد لصالح العميل";
    taken_back: "TAKEN BACK", "वापस लिया गया", "مسحوب";
    paid: "Paid", "भुगतान", "المدفوع";
    balance_due: "Balance due", "शेष देय", "المبلغ المستحق";
    includes_tax: "Prices include tax.", "मूल्यों में कर शामिल है।", "الأسعار شاملة الضريبة.";
    /// Before the number of a corrected version.
    revision: "Revision", "संशोधन", "تعديل";
    /// Before the day of the version that it corrects.
    revised: "corrects the version of", "इस दिन के संस्करण का सुधार:", "يصحح النسخة المؤرخة";
    cancelled: "CANCELLED", "रद्द", "ملغاة";
    not_an_invoice: "This is not an invoice.", "यह चालान नहीं है।", "هذه ليست فاتورة.";
    /// Before the shop's name, above the place of a signature.
    for_shop: "For", "कृते", "عن";
    signatory: "Authorised signatory", "अधिकृत हस्ताक्षरकर्ता", "المفوَّض بالتوقيع";
    page: "Page", "पृष्ठ", "صفحة";
    /// "Page 1 of 3"
    page_of: "of", "/ कुल", "من";
    opening_balance: "Opening balance", "प्रारंभिक शेष", "الرصيد الافتتاحي";
    closing_balance: "Closing balance", "अंतिम शेष", "الرصيد الختامي";
    document: "Document", "दस्तावेज़", "المستند";
    charged: "Charged", "नामे", "مدين";
    credited: "Paid or credited", "जमा", "دائن";
    balance: "Balance", "शेष", "الرصيد";
    goods_return: "Return without receipt", "बिना रसीद वापसी", "إرجاع بلا إيصال";
    store_credit: "Store credit", "स्टोर क्रेडिट", "رصيد المتجر";
    card_code: "Code", "कोड", "الرمز";
    goods_back: "Goods returned", "वापस लिया गया सामान", "بضاعة مرتجعة";
    to_pay: "To pay", "देय", "المطلوب";
    refund_of: "For receipt", "रसीद के लिए", "عن الإيصال";
    refunded: "Refunded", "वापस किया गया", "المبلغ المسترد";
    reason: "Reason", "कारण", "السبب";
    approved_by: "Approved by", "स्वीकृति", "بموافقة";
    drawer_opened: "Drawer opened", "दराज़ खोली गई", "فُتح الدرج";
    no_sale: "Without a sale", "बिना बिक्री के", "دون عملية بيع";
    z_report: "Z report", "ज़ेड रिपोर्ट", "تقرير Z – إغلاق";
    x_report: "X report", "एक्स रिपोर्ट", "تقرير X – مرحلي";
    addendum: "Addendum", "परिशिष्ट", "ملحق";
    business_day: "Business day", "कारोबारी दिन", "يوم العمل";
    opened: "Opened", "खोला गया", "فُتحت";
    closed: "Closed", "बंद किया गया", "أُغلقت";
    made: "Made", "बनाया गया", "أُعدّ";
    sales: "Sales", "बिक्री", "المبيعات";
    orders: "Orders", "ऑर्डर", "الطلبات";
    refunds: "Refunds", "रिफ़ंड", "المرتجعات";
    cancelled_orders: "Cancelled orders", "रद्द ऑर्डर", "طلبات ملغاة";
    payments: "Payments", "भुगतान", "المدفوعات";
    tips: "Tips", "टिप", "الإكراميات";
    paid_back: "Paid back", "लौटाया गया", "مبالغ معادة";
    /// Before the currency.
    drawer: "Drawer", "दराज़", "الدرج";
    float: "Float", "शुरुआती नकद", "رصيد البداية";
    cash_sales: "Cash sales", "नकद बिक्री", "مبيعات نقدية";
    on_account: "Received on account", "खाते पर प्राप्त", "مقبوض على الحساب";
    cash_in: "Put in", "डाला गया", "إيداع";
    cash_out: "Paid out", "निकाला गया", "صرف";
    tips_paid: "Tips paid out", "टिप बाँटी गई", "إكراميات مصروفة";
    to_safe: "To the safe", "तिजोरी में", "إلى الخزنة";
    expected: "Expected", "अपेक्षित", "المتوقع";
    counted: "Counted", "गिना गया", "المعدود";
    loose: "Loose", "खुले", "فكة";
    variance: "Difference", "अंतर", "الفرق";
    left: "Left in the drawer", "दराज़ में छोड़ा गया", "المتبقي في الدرج";
    not_counted: "Not counted", "गिना नहीं गया", "لم يُعد";
    equals_facts: "Equal to the books", "बही से मेल खाता है", "مطابق للدفاتر";
    differs_facts: "NOT equal to the books", "बही से मेल नहीं खाता", "غير مطابق للدفاتر";
    signature: "Signature", "हस्ताक्षर", "التوقيع";
    test_card: "Test print", "टेस्ट प्रिंट", "طباعة تجريبية";
    test_edges: "The ruler must touch both edges of the print", "रूलर दोनों किनारों तक पहुँचना चाहिए", "يجب أن تصل المسطرة إلى حافتي الطباعة";
    test_letters: "Every line must be readable", "हर पंक्ति पढ़ने योग्य होनी चाहिए", "يجب أن يكون كل سطر مقروءًا";
    test_end: "Cut here, and the drawer opens", "यहाँ कटेगा और दराज़ खुलेगी", "يُقص هنا ويُفتح الدرج";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_there_in_every_language() {
        let english = Words::of(Language::English).all();
        for language in [Language::Hindi, Language::Arabic] {
            for ((name, english), (_, word)) in english.iter().zip(Words::of(language).all()) {
                assert!(!word.trim().is_empty(), "{name} says nothing in {language:?}");
                assert_ne!(*english, word, "{name} is not translated into {language:?}");
                let own = word.chars().any(|character| match language {
                    Language::Hindi => ('\u{900}'..='\u{97f}').contains(&character),
                    _ => ('\u{600}'..='\u{6ff}').contains(&character),
                });
                assert!(own, "{name} is not in the letters of {language:?}: {word}");
            }
        }
    }

    #[test]
    fn tags_find_their_language() {
        assert_eq!(Language::of("ar-AE"), Language::Arabic);
        assert_eq!(Language::of("hi"), Language::Hindi);
        assert_eq!(Language::of("ta"), Language::English);
        assert_eq!(Language::of(""), Language::English);
        for language in [Language::English, Language::Hindi, Language::Arabic] {
            assert_eq!(Language::of(language.tag()), language);
        }
    }
}
