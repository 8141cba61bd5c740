"""Texts, written for this purpose, on which segmenter and tokenizer of the two languages must agree."""

from __future__ import annotations

SHORT = [
    "",
    " ",
    "\n\n\n",
    "a",
    ".",
    "...",
    "Agreed",
    "Agreed.",
    "  leading and trailing  ",
    # Terminators and closers
    "It ended. It began again.",
    "Really? Yes! Well… perhaps.",
    "What?! No way!!! Fine.",
    'He said "stop." Then he left.',
    "(It was late.) Nobody came.",
    "[See below.] {Or above.} ‘Or here.’ “Or there.” »Oder hier.« Next one.",
    "No space.After the dot.Here neither",
    "A trailing stop. ",
    "One.  Two.   Three.",
    "Ends with closers.)\"'] Next.",
    "A stop .followed without space. And . alone. Then .. two. And … dots.",
    "Tab.\tTab again.\vVertical.\x1cNot a space. End",
    # A single stop that ends nothing
    "The price is $4.50 per unit. VAT is 7.5 percent.",
    "See no. 4 and art. 12 of the code. Done.",
    "Acme Inc. and Beta Corp. agree. Gamma Ltd. Delta Co. too.",
    "Acme Inc. Beta answers.",
    "Dr. Okafor met Mr. and Mrs. Lindqvist. They spoke.",
    "J. R. Smith signed. So did K. Jones.",
    "The U.S. Court held so. The U.K. did not.",
    "i.e. this one, e.g. That one. etc. And so on.",
    "It works at 5 p.m. Tomorrow it closes at 6 a.m. then.",
    "lower case follows. not a new sentence. Here it is.",
    "He lives in flat B. She lives in flat 7. Fine.",
    "The year was 1999. The next was 2000. Then 2001.",
    "Section 3.1. The seller delivers. Section 3.2. The buyer pays.",
    "The word ends with İ. Next. Straße. Weiter. naïve. Encore.",
    "x². Next. ½. Next. Ⅷ. Next. a1. Next. 1a. Next. A. Next. Ä. Next.",
    # Numbering at the beginning of a line
    "1. Scope\n2. Price\n3. Term",
    "1. First item. 2. Not at the line's start. Next.",
    "  12. Indented numbering. Text.\n\t3.1. Deeper. Text.\r\n4. After CRLF. Text.",
    "1.1. Goods\r1.2. Services\u20281.3. Works\x851.4. Rights. End.\f1.5. After a form feed. End.",
    "a. Lettered item. b. Another one.\nc. A third.",
    # Wide terminators
    "荷物は届きました。箱が壊れていた！返金してください？はい。",
    "彼は「行く。」と言った。それから（去った。）終わり",
    "中文没有空格。下一句！ 有空格的？最后",
    "混合 English sentence. 然后中文。And back!再见",
    # Semicolons
    "The seller shall: (a) deliver; (b) insure; and (c) invoice. The buyer pays;",
    "no;space;after; here there is",
    "semicolon;\nthen a line; \n\nthen a paragraph",
    # Paragraphs
    "Title\n\nBody text without stop\n\nAnother paragraph",
    "One line\nsame paragraph\r\nsame still\r\n\r\nnew one",
    "Mixed \n \t \n breaks\r\rand old Macs\u2028\u2028and separators\u2029and paragraphs\x85\x85and NEL",
    "Form\ffeed cuts. \f Twice",
    "Mr.\n\nSmith after a paragraph break. No.\r\n\r\n5",
    "\r\n\r\nLeading blank lines.\n\n\n\nTrailing ones.\n\n",
    # Beyond the Basic Multilingual Plane
    "😀",
    "😀. 😡! Next",
    "The parcel came 📦🚚 two days late 😡. 𝒲hat now? Fine 👍🏽.",
    "family 👨‍👩‍👧‍👦 and flag 🇩🇪. Next one; 🙂 more. Ends 🎉",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢. 𠀋𠀌。𠮷野家 is a shop. 𝟙. Next",
    "🧾1. Not numbering. 🧾\n2. Numbering. Text",
    # Right to left, accents, combining marks, odd spaces
    "شكرا لكم. وصل الطرد متأخرا! هل هذا صحيح؟ نعم.",
    "תודה רבה. החבילה הגיעה מאוחר! נכון? כן.",
    "Ça ne va pas. À bientôt ! Où ? Là-bas… Voilà.",
    "Cafe\u0301 re\u0301sume\u0301. A\u030angstro\u0308m. n\u0303. Next.",
    "Straße ÄÖÜ äöü ẞ İstanbul ŉ ﬁnance ǅ. Ende.",
    "Здравствуйте. Посылка пришла поздно! Верно? Да.",
    "नमस्ते। पार्सल देर से आया। ठीक है? हाँ.",
    "ไทยไม่มีช่องว่าง ประโยคต่อไป. จบ",
    "no\u00a0break.\u00a0Space. Thin\u2009space.\u2009Next.\u3000Ideographic.\u202fNarrow. \u1680Ogham.\u205fMath",
    "zero\u200bwidth.\u200bNot a space. \ufeffByte order mark. soft\u00adhyphen",
    "control\x00char. \x07Bell. \x1bEscape. tab\tand \ufffd replacement.",
    "http://example.org/a.b?c=d;e=f. Next: mail@example.org. End.",
    "don't can't won't. It's 5 o'clock. the sellers' goods.",
    "UPPER CASE SENTENCE. ANOTHER ONE. SEE NO. 5 OF ART. 6.",
    "[CLS] not special here [SEP]. [PAD] neither. [UNK] [MASK]",
    "under_score and-hyphen/slash\\back|pipe~tilde`tick^caret @at #hash %percent *star +plus =eq <lt> {brace}",
    "Pneumonoultramicroscopicsilicovolcanoconiosis is long. " + "x" * 120 + " is longer than a word may be.",
    "1,234,567.89 and 12:30 and 3/4 and -5 and +49 (0)30 1234-56. Next",
    "The supplier delivers the goods to the buyer. The buyer pays the price within thirty days; notices are in writing.",
]

_CLAUSE = (
    "The supplier is liable for damage only if it acted with intent, and the buyer shall give notice of any defect within "
    "ten days after delivery at the agreed place"
)

LONG = [
    _CLAUSE + ", and " + _CLAUSE.lower() + ".",
    "Short one. " + _CLAUSE + ", " * 3 + _CLAUSE.lower() + ". Short again. And again. And once more.",
    " ".join(f"On day {day} we moved {day * 3} crates." for day in range(1, 40)),
    "\n\n".join(f"{n}. {_CLAUSE}; {n * 2} days later it ends." for n in range(1, 9)),
    "word " * 300,
    "荷物は届きました。" * 30 + "終わり",
    "😀😡 " * 80 + ". Next.",
]


def texts() -> list[str]:
    return [*SHORT, *LONG]
