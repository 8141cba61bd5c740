"""Texts of every kind, written or drawn for this purpose, on which the two languages must find the same tokens and segments.

Each has a name that says what it tries. All are drawn from a fixed seed by ``random.random``, whose sequence Python promises to
keep, so the same texts come out everywhere.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from onnx_export.evaluate.robustness import PERTURBATIONS
from vector_texts import texts

SEED = 20261122
T = TypeVar("T")


@dataclass(frozen=True)
class CorpusText:
    """``unit`` repeated ``times``, so that a megabyte of one word takes one line of a file."""

    name: str
    unit: str
    times: int = 1

    @property
    def text(self) -> str:
        return self.unit * self.times


class Draw:
    """Choices that are the same in every version of Python."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, end: int) -> int:
        return int(self._random.random() * end)

    def between(self, first: int, last: int) -> int:
        return first + self.below(last - first + 1)

    def one(self, items: Sequence[T]) -> T:
        return items[self.below(len(items))]

    def some(self, items: Sequence[T], count: int) -> list[T]:
        return [self.one(items) for _ in range(count)]


# fmt: off
PROSE = {
    "en": "The parcel arrived two days late, and nobody could say why. We'd asked twice; they hadn't answered.",
    "de": "Der Käufer prüft die Ware unverzüglich. Größere Mängel zeigt er binnen zehn Tagen an – schriftlich, „wie vereinbart“.",
    "fr": "L’acheteur vérifie la marchandise dès réception. Où qu’elle soit livrée, il paie : « sans délai » !",
    "es": "¿Quién responde del daño? El vendedor, según el artículo 7.º; ¡así de sencillo! Mañana lo niño lo sabrá.",
    "pt": "A rescisão não exonera as partes das obrigações já vencidas. São João, 3.ª edição, pág. 12.",
    "it": "Il venditore è responsabile solo in caso di dolo. Perché? Perché così è scritto all'art. 5, comma 2.",
    "nl": "De koper betaalt binnen dertig dagen; ’s-Gravenhage is de plaats van levering. Coördinatie, IJsland, ijs.",
    "sv": "Säljaren ansvarar för skada. Köparen på Åland får häva avtalet, om så överenskommits.",
    "da": "Køber betaler på anfordring; sælger hæfter ikke for følgeskader. Æblegrød på Ærø.",
    "is": "Kaupandinn greiðir innan þrjátíu daga. Þetta gildir einnig um aðra samninga, ef svo ber undir.",
    "fi": "Ostaja maksaa hinnan kolmenkymmenen päivän kuluessa. Yötyö ja hääyöaie eivät kuulu sopimukseen.",
    "et": "Müüja vastutab kahju eest üksnes tahtluse korral. Õhtuöö jäääär, kuuuurija töööö.",
    "lv": "Pārdevējs atbild par zaudējumiem tikai tad, ja rīkojies ar nodomu. Šķēps, ģērbtuve, ņēmējs.",
    "lt": "Pardavėjas atsako už žalą tik tyčios atveju. Ąžuolas, įžūlūs šešėliai, žvėrys ėjo.",
    "pl": "Sprzedawca odpowiada za szkodę tylko w razie winy umyślnej. Zażółć gęślą jaźń, źdźbło, łódź.",
    "cs": "Prodávající odpovídá za škodu jen při úmyslu. Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "sk": "Kupujúci zaplatí cenu do tridsiatich dní. Kŕdeľ ďatľov učí koňa žrať kôru, ôsmy mäkčeň.",
    "hu": "Az eladó csak szándékosság esetén felel a kárért. Árvíztűrő tükörfúrógép, őszi gyümölcs.",
    "ro": "Vânzătorul răspunde pentru daune numai în caz de intenție. Științele își țin ședința, fără îndoială.",
    "hr": "Prodavatelj odgovara za štetu samo u slučaju namjere. Đak, ćevap, džep, ljubav, njuška; ǆ ǉ ǌ.",
    "sl": "Prodajalec odgovarja za škodo le pri naklepu. Čez goščavo je žvižgal šestnajstletnik.",
    "tr": "Satıcı yalnızca kasıt hâlinde zarardan sorumludur. İstanbul'da ığdır ağacı, IĞDIR ve iğde.",
    "az": "Satıcı zərərə görə yalnız qəsd olduqda cavabdehdir. Əlbəttə, həmişə deyil; İçərişəhər.",
    "vi": "Bên bán chỉ chịu trách nhiệm khi có lỗi cố ý. Trường hợp đặc biệt được nêu ở phụ lục; xin cảm ơn quý khách!",
    "cy": "Mae'r gwerthwr yn atebol am ddifrod dim ond os gweithredodd yn fwriadol. Tŷ, ŵyr, llwyfan.",
    "ga": "Níl an díoltóir freagrach as damáiste ach amháin i gcás d'aon ghnó. Tá sé fíorthábhachtach.",
    "mt": "Il-bejjiegħ huwa responsabbli għall-ħsara biss jekk aġixxa bi ħsieb. Ġgantija, żarbun, ċavetta.",
    "el": "Ο πωλητής ευθύνεται για ζημία μόνο σε περίπτωση δόλου. Ποιος το είπε; Ὀδυσσεύς, ἄνδρα μοι ἔννεπε· ΟΔΥΣΣΕΥΣ σίγμα ς.",
    "ru": "Продавец отвечает за ущерб только при умысле. Съешь ещё этих мягких французских булок, да выпей чаю. Йод, ёлка.",
    "uk": "Продавець відповідає за шкоду лише в разі умислу. Її їжак, ґанок, щастя; об’єкт угоди.",
    "bg": "Продавачът отговаря за вреди само при умисъл. Жълтата дюля беше щастлива, че пухът замръзна.",
    "sr": "Продавац одговара за штету само у случају намере. Љубазни фењерџија чађавог лица.",
    "mn": "Худалдагч нь зөвхөн санаатай үйлдлийн хохирлыг хариуцна. Өвөл, үүл, ᠮᠣᠩᠭᠣᠯ ᠪᠢᠴᠢᠭ.",
    "hy": "Վաճառողը պատասխանատու է վնասի համար միայն դիտավորության դեպքում։ Ինչո՞ւ։ Այսպե՛ս է գրված, և վերջ։",
    "ka": "გამყიდველი პასუხს აგებს ზიანზე მხოლოდ განზრახვის შემთხვევაში. ᲐᲑᲒ მთავრული და ႠႡႢ ასომთავრული.",
    "ar": "البائع مسؤول عن الضرر فقط إذا تعمّد ذلك. هل هذا صحيح؟ نعم؛ بِسْمِ اللَّهِ الرَّحْمَٰنِ، ١٢٣٤، ﷺ ﻻ.",
    "fa": "فروشنده تنها در صورت عمد مسئول خسارت است. می‌خواهیم بدانیم؛ آیا پذیرفته‌اید؟ ۱۲۳۴ گچ پژ.",
    "ur": "بیچنے والا صرف جان بوجھ کر کیے گئے نقصان کا ذمہ دار ہے۔ کیا یہ درست ہے؟ جی ہاں۔",
    "he": "המוכר אחראי לנזק רק אם פעל במזיד. האם זה נכון? כן! בְּרֵאשִׁית בָּרָא אֱלֹהִים; צה״ל, ג׳ירפה, שׁ שׂ וּ.",
    "yi": "דער פֿאַרקויפֿער איז פֿאַראַנטוואָרטלעך נאָר אויב ער האָט עס געטאָן בכּיוון. װאָס טוט מען?",
    "syc": "ܒܪܫܝܬ ܐܝܬܘܗܝ ܗܘܐ ܡܠܬܐ܂ ܘܗܘ ܡܠܬܐ ܐܝܬܘܗܝ ܗܘܐ ܠܘܬ ܐܠܗܐ܀",
    "dv": "ވިއްކާ ފަރާތުން ޤަސްދުގައި ކުރާ ގެއްލުމަށް ޒިންމާވެއެވެ.",
    "hi": "विक्रेता केवल जानबूझकर किए गए नुकसान के लिए उत्तरदायी है। क्या यह सही है? हाँ, क्षत्रिय ज्ञान; १२३४ ज़रूर।",
    "mr": "विक्रेता केवळ हेतुपुरस्सर नुकसानीसाठी जबाबदार आहे. ऱ्हास, र्‍य, ळ — कराराचे कलम ७.",
    "bn": "বিক্রেতা শুধুমাত্র ইচ্ছাকৃত ক্ষতির জন্য দায়ী। এটা কি ঠিক? হ্যাঁ, ক্ষমতা; র‍্যাব, ৎ, ১২৩৪।",
    "pa": "ਵੇਚਣ ਵਾਲਾ ਸਿਰਫ਼ ਜਾਣਬੁੱਝ ਕੇ ਕੀਤੇ ਨੁਕਸਾਨ ਲਈ ਜ਼ਿੰਮੇਵਾਰ ਹੈ। ਕੀ ਇਹ ਠੀਕ ਹੈ?",
    "gu": "વેચનાર ફક્ત ઇરાદાપૂર્વકના નુકસાન માટે જવાબદાર છે. શું આ સાચું છે? હા, જ્ઞાન.",
    "or": "ବିକ୍ରେତା କେବଳ ଜାଣିଶୁଣି କରାଯାଇଥିବା କ୍ଷତି ପାଇଁ ଦାୟୀ। ଏହା ଠିକ୍ କି?",
    "ta": "விற்பனையாளர் வேண்டுமென்றே செய்த சேதத்திற்கு மட்டுமே பொறுப்பு. இது சரியா? ஆம்; க்ஷ, ஸ்ரீ, கொ.",
    "te": "విక్రేత ఉద్దేశపూర్వక నష్టానికి మాత్రమే బాధ్యత వహిస్తాడు. ఇది నిజమేనా? అవును, క్షమించండి.",
    "kn": "ಮಾರಾಟಗಾರನು ಉದ್ದೇಶಪೂರ್ವಕ ಹಾನಿಗೆ ಮಾತ್ರ ಹೊಣೆಗಾರ. ಇದು ಸರಿಯೇ? ಹೌದು, ಕ್ಷಮಿಸಿ.",
    "ml": "വിൽപ്പനക്കാരൻ മനഃപൂർവമായ നാശനഷ്ടത്തിന് മാത്രം ഉത്തരവാദിയാണ്. ഇത് ശരിയാണോ? അതെ, ന്‍ൻ.",
    "si": "විකුණුම්කරු වගකිව යුත්තේ හිතාමතා කළ හානියට පමණි. ශ්‍රී ලංකාව; ක්‍ෂ. එය නිවැරදිද?",
    "th": "ผู้ขายรับผิดชอบความเสียหายเฉพาะเมื่อกระทำโดยเจตนา ข้อนี้ถูกต้องหรือไม่ น้ำ ๑๒๓๔ กิ๊ก ฯลฯ",
    "lo": "ຜູ້ຂາຍຮັບຜິດຊອບຄວາມເສຍຫາຍສະເພາະເມື່ອເຈດຕະນາ. ຖືກຕ້ອງບໍ? ນ້ຳ ໑໒໓",
    "km": "អ្នកលក់ទទួលខុសត្រូវចំពោះការខូចខាតតែក្នុងករណីចេតនា។ តើត្រឹមត្រូវទេ? ស្រី ១២៣៤",
    "my": "ရောင်းသူသည် ရည်ရွယ်ချက်ရှိရှိ ပြုလုပ်သော ပျက်စီးမှုအတွက်သာ တာဝန်ရှိသည်။ မှန်ပါသလား။ ၁၂၃",
    "bo": "བཚོང་མཁན་གྱིས་བསམ་བཞིན་གནོད་པ་བྱས་ན་མ་གཏོགས་འགན་མི་ཁུར། རྒྱལ་པོ། ཨོཾ་མ་ཎི་པདྨེ་ཧཱུྃ༔",
    "am": "ሻጩ ለጉዳት ተጠያቂ የሚሆነው ሆን ብሎ ከሆነ ብቻ ነው። ትክክል ነው? አዎ፤ ፩፪፫፡",
    "zh-hans": "卖方仅在故意的情况下对损害负责。这对吗？对！第三条：价款应在三十日内支付；逾期者（见附件二）另计利息。",
    "zh-hant": "賣方僅於故意之情形下對損害負責。這樣對嗎？對！「第三條」：價款應於三十日內支付，逾期另計利息……",
    "ja": "売主は故意の場合に限り損害を賠償する。本当ですか？はい！「第三条」代金は三十日以内に支払う。ﾊﾝｶｸｶﾅ、ガギグ、ｶﾞｷﾞｸﾞ、々〆ヶ。",
    "ko": "매도인은 고의가 있는 경우에만 손해를 배상한다. 맞습니까? 네! 제3조: 대금은 30일 이내에 지급한다. ㄱㄴㄷ, 값, 뷁.",
    "jamo": "\u1112\u1161\u11ab\u1100\u1173\u11af \u110c\u1169\u1112\u1161\u11b8. \u1100\u1161\u11a8\u1103\u1161\u1103\u1162 \u3131\u3134 \ud55c\u11af",
    "chr": "ᎠᏂᎦᎾᏗᏍᎩ ᎤᏚᎵᏍᎬ ᎠᏚᏓᎳᎡᎯ ᎨᏐᎢ. ꭰꮟ ꮎꮝꭹ ᏂᎦᎵᏍᏗᎭ?",
    "iu": "ᓂᐅᕕᖅᑎ ᐱᔭᒃᓴᖃᖅᐳᖅ ᐱᐅᖏᑦᑐᓂᒃ. ᐄ, ᓱᓕᔪᖅ.",
    "got": "𐌰𐍄𐍄𐌰 𐌿𐌽𐍃𐌰𐍂 𐌸𐌿 𐌹𐌽 𐌷𐌹𐌼𐌹𐌽𐌰𐌼, 𐍅𐌴𐌹𐌷𐌽𐌰𐌹 𐌽𐌰𐌼𐍉 𐌸𐌴𐌹𐌽.",
    "egy": "𓀀𓁐𓂋𓏤𓈖 𓇋𓅱𓎡 𓅓 𓉐. 𒀀𒁀𒂀 𒈗 𐤀𐤁𐤂 𐎀𐎁",
    "adlam": "𞤀𞤣𞤤𞤢𞤥 𞤨𞤵𞤤𞤢𞤪, 𐐀𐐁𐐂 𐐨𐐩𐐪 deseret, 𞄀𞄁 hmong, 𑀓𑀔𑀕 brahmi.",
    "math": "Let 𝑓: ℝ→ℂ, ∀ε>0 ∃δ>0: |𝑥−𝑎|<δ ⇒ |𝑓(𝑥)−𝑓(𝑎)|<ε. ∑ₙ₌₁^∞ 1/𝑛² = π²⁄6 ≈ 1.6449…; ∮𝐄·d𝐀 = 𝑄/ε₀",
    "letters": "𝕿𝖍𝖊 𝓈𝑒𝓁𝓁𝑒𝓇 𝗽𝗮𝘆𝘀 𝚝𝚑𝚎 𝔣𝔢𝔢 🅟🄰🅈 ⓟⓐⓨ Ｐａｙ　ｔｈｅ　ｆｅｅ． ℌ𝔢𝔩𝔩𝔬 ᵖᵃʸ ₚₐᵧ ᴘᴀʏ",
    "ligatures": "The oﬃce ﬁled ﬂawed aﬀidavits; ﬆ ﬅ Ĳ ĳ Œuvre æsop ŉ ǅ Ǉ ǌ ﬀ ﬄ ﬓ ﬗ ﷲ № ™ ℡ ㏒ ㍻ ㈱ ½ ⅞ ⑳ Ⅻ ⅻ",
    "currency": "€1.234,56 or £1,234.56 or ¥1234 or ₹1,23,456.78 or ₩1,234 or ₿0.001 or 12 ₽ or CHF 1'234.– or 5¢ or ₺3 or ﷼7",
    "ipa": "ˈpʰɑɹsəɫ ɪz ˈleɪt̬ ‖ ðə ʃɪp.mənt tʃʰeɪndʒ ŋ͡m k͡p t͜s ã̃ ə˞ ɚ˥˩ ˌʔʌ̃ʔ",
    "box": "┌──┬──┐│ a│ b│├──┼──┤│▁▂▃▄▅▆▇█│░▒▓│└──┴──┘ ⠓⠑⠇⠇⠕ ♔♕♖ ♠♥♦♣ ☰☱☲ 𝄞𝄢♩♪ 🂡🂱 🀄 ←↑→↓ ⇐⇒ ✓✗ ★☆ •‣◦",
}

CLAUSES = [
    "WHEREAS, the Seller desires to sell and the Buyer desires to buy the Goods (as defined in Section 1.1 below);",
    "NOW, THEREFORE, in consideration of the mutual covenants herein contained, the parties agree as follows:",
    "“Affiliate” means, with respect to any Person, any other Person that controls, is controlled by or is under common control with it.",
    "Either party may terminate this Agreement upon thirty (30) days' prior written notice to the other party.",
    "IN NO EVENT SHALL EITHER PARTY BE LIABLE FOR ANY INDIRECT, INCIDENTAL, SPECIAL OR CONSEQUENTIAL DAMAGES.",
    "This Agreement shall be governed by the laws of the State of Delaware, U.S.A., without regard to conflicts of laws principles.",
    "The Licensee shall pay to the Licensor a royalty of 7.5% of Net Sales, payable quarterly in arrears, no later than Jan. 31.",
    "Licensee shall not assign, sublicense or otherwise transfer its rights, in whole or in part, without Licensor's consent.",
    "[***] Certain information has been omitted pursuant to a request for confidential treatment.",
    "Signed by: ______________________   Name: J. R. Whitfield III, Esq.   Title: Vice-Pres. & Gen. Counsel",
    "Exhibit A-1 – Statement of Work No. 4 (rev. 2) . . . . . . . . . . . . . . . . . . . . . . . . . . 27",
    "Ref. § 12(b)(ii)(C); ¶ 4; cf. art. 3 et seq.; Case C-131/12; 17 C.F.R. § 230.406; No. 5 v. No. 6.",
]

CODE = [
    "def f(x: int = 0, *, y='a\\n') -> dict[str, int]:\n    return {k: v**2 for k, v in zip('ab', [x, y]) if v != None}  # noqa\n",
    "public static <T extends Comparable<? super T>> T max(List<T> xs) {\n\treturn xs.stream().max(T::compareTo).orElseThrow();\n}",
    "SELECT o.id, SUM(l.qty * l.price) AS total FROM orders o LEFT JOIN lines l ON l.order_id = o.id WHERE o.ts >= '2026-11-22';",
    '{"id": "d-17", "text": "pay \\u20ac 5", "tags": ["a", null, true, -1.5e-3], "n": {"x": []}}',
    '<?xml version="1.0"?><doc xmlns:h="urn:x"><h:p class=\'a b\'>5 &lt; 6 &amp; &#x20AC; <!-- no --></h:p><![CDATA[ ]]></doc>',
    "for f in *.txt; do grep -qE '^[A-Z]{2,}\\s+$' \"$f\" && echo \"${f%.txt}: $(wc -l <\"$f\")\" | tee -a out 2>&1; done || exit 1",
    "^(?<year>\\d{4})-(?:0[1-9]|1[0-2])-(?:[0-2]\\d|3[01])T.*?(?!Z)$|\\p{L}+\\b[^\\]\\\\]",
    "@@ -1,7 +1,7 @@\n-    private int a;\n+    private long a;\n \\ No newline at end of file\n",
    "\\begin{equation} \\frac{\\partial u}{\\partial t} = \\alpha \\nabla^2 u \\label{eq:heat} \\end{equation} % see \\cite{x}",
    "2026-11-22T03:05:24.123Z ERROR [main] o.a.k.c.NetworkClient - [Consumer clientId=c-1] Connection to node -1 (/10.0.0.1:9092) failed",
    "U2VsbGVyIHBheXMgdGhlIGZlZQ==.eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9-_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 0xDEADBEEF 0b1010 1e-9 3.14f 1_000_000",
    "https://user:p%40ss@example.org:8443/a/b;c=d/../e?q=1&r=%E2%82%AC#frag mailto:a.b+c@example.co.uk ftp://[2001:db8::1]/x",
    "| Name | Qty |\n|:-----|----:|\n| *a* | `1` |\n\n> quote\n\n- [ ] todo\n1. **bold** ![i](u \"t\")\n\n```\ncode\n```\n---\n",
    "a,b;c\td|e\r\n\"x \"\"y\"\"\",'z',1.0,,\r\n\\N,NaN,-0,+1\r\n",
    "From: \"A. B.\" <a@b.example>\r\nTo: c@d.example\r\nSubject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello,\r\n\r\n> On Mon. you wrote:\r\n>> Yes.\r\n-- \r\nA.",
    "camelCaseWord snake_case_word kebab-case-word SCREAMING_CASE Title.Case.Word path/to/file.txt C:\\Dir\\File.exe $var ${x} #!/bin/sh",
    "don't I'll we've you're he'd she's I'm DON'T I'LL ‘don’t’ o'clock 'tis rock'n'roll 's 't 're 've 'm 'll 'd '' ''' n'",
]

EMOJI = [
    "😀", "😡", "👍", "👍🏻", "👍🏽", "👍🏿", "❤", "❤️", "❤︎", "☺️", "✌🏾", "👩‍🚀", "👩🏽‍🚀", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🏴‍☠️",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🇩🇪", "🇪🇺🇺🇳", "🇩", "🇩🇪🇫", "1️⃣", "#️⃣", "*⃣", "🧑‍🤝‍🧑", "👩‍❤️‍💋‍👨", "🤷🏼‍♀️", "🫱🏿‍🫲🏻", "🐻‍❄️", "⚖️", "©️", "™", "🅰️", "㊙️", "〰️",
    "👁️‍🗨️", "🫠", "🪿", "🫨", "🧿", "\u200d", "😀\u200d", "\u200d😀", "🏽", "\ufe0f", "a\ufe0f", "🏴\U000e0067", "\U000e007f", "🧑🏻‍🦰",
]

BASES = [*list("aeiouncszdlhkrtAEIOUNCSZ"), "ı", "ø", "æ", "ß", "α", "ω", "и", "е", "ק", "ש", "ا", "ل", "अ", "க", "ก", "か", "ハ", "ᄀ", "가", "1", ".", " ", "😀", "𝒜"]
MARKS = [chr(c) for c in [
    *range(0x300, 0x315), 0x31B, 0x323, 0x324, 0x327, 0x328, 0x32D, 0x331, 0x338, 0x345, 0x34F, 0x35C, 0x360, 0x361,
    0x483, 0x489, 0x591, 0x5B0, 0x5BC, 0x5C1, 0x64B, 0x651, 0x670, 0x93C, 0x94D, 0xBBE, 0xE38, 0xE48, 0x1AB0, 0x1DC0,
    0x20D0, 0x20DD, 0x20E3, 0x302A, 0x3099, 0x309A, 0xFE20, 0x1D165, 0x1D16D, 0x1E8D0]]

BREAKS = {"lf": "\n", "crlf": "\r\n", "cr": "\r", "nel": "\x85", "ls": "\u2028", "ps": "\u2029", "ff": "\f", "vt": "\v", "lfcr": "\n\r", "crcrlf": "\r\r\n"}
SPACES = [chr(c) for c in [0x9, 0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000]]
INVISIBLE = [chr(c) for c in [
    0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x180B, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F),
    *range(0x2060, 0x2070), 0x3164, 0xFE00, 0xFE0E, 0xFE0F, 0xFEFF, 0xFFA0, *range(0xFFF9, 0xFFFD), 0xE0001, 0xE0020, 0xE0100]]
ODD = [chr(c) for c in [
    0xE000, 0xF8FF, 0xF0000, 0xFFFFD, 0x100000, 0x10FFFD, 0xFDD0, 0xFDEF, 0xFFFD, 0xFFFE, 0xFFFF, 0x1FFFE, 0x1FFFF, 0xEFFFF, 0x10FFFE,
    0x10FFFF, 0x378, 0x530, 0x1F2FF, 0x2FFFF, 0xD7FF, 0xE0000, 0xDC00 + 0x1, 0x10000, 0xFB1D, 0x2126, 0x212B, 0x340, 0x344, 0x958, 0x2ADC, 0xF900, 0x2F800]
    if not 0xD800 <= c < 0xE000]

SPECIAL = ["[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]", "<s>", "</s>", "<pad>", "<unk>", "<mask>", "<|endoftext|>", "[cls]", "<S>",
           "[CLS", "CLS]", "<s", "##ing", "##", "####", "[unused1]", "madeupword0000", "[ CLS ]", "< s >", "<mask>ed", "un<mask>"]
BYTE_LOOKALIKES = ["Ġ", "Ċ", "Ġthe", "theĠseller", "ĊĊ", "Ã©", "âĢĻ", "ðŁĺĢ", "Â", "Ń", "ł", "Ģ", "ģ", "ÿ", "ĠĠĠ", "é", "ÃĥÂ©"]

WORDS = ["a", "The", "Inc.", "No.", "12.", "3.1.", "U.S.", "x", "seller", "pays", "ſ", "ß", "İ", "不", "한", "ñ", "n\u0303", "😀", "👍🏽", "𝒲",
         ".", "!", "?", "…", ";", "。", "！", "”", ")", "»", "「", "\n", "\n\n", "\r\n", "\r", "\f", "\t", " ", "  ", "\u00a0", "\u2028",
         "\u2029", "\x85", "\u200b", "\u200d", "\ufeff", "\x00", "\x1c", "\u0301", "\u202e", "</s>", "[SEP]", "<mask>", "##s", "Ġ", "'s", "'", "1", "4,5"]
# fmt: on


def corpus() -> list[CorpusText]:
    """Texts of all kinds; names are unique."""
    drawn = list(_all(Draw(SEED)))
    assert len({text.name for text in drawn}) == len(drawn)
    return drawn


def _all(draw: Draw) -> Iterator[CorpusText]:
    yield from _numbered("vector", texts())
    yield from _prose()
    yield from _numbered("contract", (_contract(draw) for _ in range(60)))
    yield from _numbered("code", CODE)
    yield from _numbered("code-crlf", [code.replace("\n", "\r\n") for code in CODE if "\n" in code])
    yield from _numbered("emoji", [pattern.format(emoji) for emoji in EMOJI for pattern in ("{0}", "Fine {0}. Next{0}{0} x")])
    yield from _numbered("emoji-run", ("".join(draw.some(EMOJI, draw.between(2, 12))) for _ in range(25)))
    yield from _combining(draw)
    yield from _characters()
    yield from _breaks()
    yield from _numbered("special", [p.format(s) for s in SPECIAL for p in ("{0}", "pay {0} now", "a{0}b  {0}\n{0}{0}.")])
    yield from _numbered("bytes", [p.format(s) for s in BYTE_LOOKALIKES for p in ("{0}", "x {0} y{0}.")])
    yield from _long_words(draw)
    yield from _random(draw)
    yield from _lone_surrogates(draw)
    yield from _large()
    yield from _from_pages(draw)


def _numbered(kind: str, members: Iterator[str] | Sequence[str]) -> Iterator[CorpusText]:
    for number, text in enumerate(members):
        yield CorpusText(f"{kind}-{number}", text)


def _prose() -> Iterator[CorpusText]:
    for language, text in PROSE.items():
        yield CorpusText(f"prose-{language}", text)
        for form in ("NFC", "NFD", "NFKC", "NFKD"):
            other = unicodedata.normalize(form, text)
            if other != text:
                yield CorpusText(f"prose-{language}-{form.lower()}", other)
    for language in ("en", "de", "tr", "el", "ru", "hy", "vi"):
        yield CorpusText(f"prose-{language}-upper", PROSE[language].upper())
    for language in ("zh-hans", "ar", "th", "hi"):
        yield CorpusText(f"prose-{language}-without-spaces", PROSE[language].replace(" ", ""))
    yield CorpusText("prose-all", "\n\n".join(PROSE.values()))


def _contract(draw: Draw) -> str:
    gap = draw.one([" ", "\n", "\n\n", "\r\n\r\n", "\n   ", "\t", "  "])
    clauses = draw.some(CLAUSES, draw.between(1, 6))
    style = draw.below(3)
    if style == 0:
        return gap.join(clauses)
    if style == 1:
        return gap.join(f"{number}. {clause}" for number, clause in enumerate(clauses, 1))
    return gap.join(
        f"{number}.{draw.between(1, 12)}\u00a0({'ivx'[draw.below(3)]}) {clause}" for number, clause in enumerate(clauses, 9)
    )


def _combining(draw: Draw) -> Iterator[CorpusText]:
    for mark in MARKS:
        name = f"mark-{ord(mark):04x}"
        yield CorpusText(name, f"{mark} e{mark}a{mark}{mark}. {mark}\n\n{mark}N\u00e9{mark}")
    for number in range(40):
        stacked = "".join(base + "".join(draw.some(MARKS, draw.between(0, 5))) for base in draw.some(BASES, draw.between(1, 12)))
        yield CorpusText(f"stack-{number}", stacked)
        for form in ("NFC", "NFD"):
            other = unicodedata.normalize(form, stacked)
            if other != stacked:
                yield CorpusText(f"stack-{number}-{form.lower()}", other)
    for height in (16, 31, 32, 64, 99, 100, 101, 300, 3000):
        marks = "".join(MARKS[number % 20] for number in range(height))
        yield CorpusText(f"tower-{height}", f"Pay e{marks} now. O{marks}K")


def _characters() -> Iterator[CorpusText]:
    controls = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
    for kind, characters in (("control", controls), ("space", SPACES), ("invisible", INVISIBLE), ("odd", ODD)):
        for character in characters:
            c = character
            yield CorpusText(f"{kind}-{ord(c):04x}", f"{c}pay{c}the {c} fee.{c}Next{c}{c}1. {c}End{c}")
        yield CorpusText(f"{kind}-all", "".join(characters))
        yield CorpusText(f"{kind}-all-apart", "x" + "x".join(characters) + "x")
    for name, unit in (("empty", ""), ("blank", " "), ("blanks", " \t\r\n\u00a0\u3000 "), ("nul", "\0"), ("bom", "\ufeff")):
        yield CorpusText(name, unit)
    yield CorpusText("bom-first", "\ufeffThe seller pays. The buyer delivers.")
    yield CorpusText("bidi", "\u202ethe fee\u202c is \u2067שלום. עולם\u2069 and \u200f(א)\u200e; \u061cend")


def _breaks() -> Iterator[CorpusText]:
    lines = ["1. Scope", "The seller pays", "no. 5 of it.", "", "  Next line.", "3.1. 😀 Term", "end"]
    for name, line_break in BREAKS.items():
        yield CorpusText(f"break-{name}", line_break.join(lines))
        yield CorpusText(f"break-{name}-spaced", f" {line_break} ".join(lines))
        yield CorpusText(f"break-{name}-only", line_break * 9)
        yield CorpusText(f"break-{name}-ends", f"{line_break}x.{line_break}")
    for first in BREAKS:
        yield CorpusText(f"break-{first}-then-others", "".join(f"A{BREAKS[first]}{other}B" for other in BREAKS.values()))


def _long_words(draw: Draw) -> Iterator[CorpusText]:
    alphabets = {
        "a": "a", "letters": "abcdefghijklmnopqrstuvwxyz", "mixed": "aB3_-é", "digits": "0123456789", "hyphen": "-", "dots": ".",
        "cjk": "荷物届箱壊", "hangul": "가각한글뷁", "kana": "カナアイ", "arabic": "ابتث", "astral": "𝒜𝒞𝒟😀", "marks": "e\u0301\u0323",
        "zwj": "👩\u200d", "nul": "\0x", "thai": "กขคงิุ", "quotes": "'\"’", "special": "[]<>s/",
    }  # fmt: skip
    for kind, alphabet in alphabets.items():
        for length in (99, 100, 101, 257):
            yield CorpusText(f"word-{kind}-{length}", "".join(draw.some(alphabet, length)))
    for length in (255, 256, 512, 4096):
        yield CorpusText(f"word-repeated-{length}", "contract", length // 8)
        yield CorpusText(f"word-of-bytes-{length}", "é荷😀", length // 3)


def _random(draw: Draw) -> Iterator[CorpusText]:
    ranges = {
        "ascii": (0, 0x7F), "latin": (0x80, 0x24F), "bmp-low": (0x250, 0x1FFF), "symbols": (0x2000, 0x2BFF), "bmp-mid": (0x2C00, 0xA4CF),
        "bmp-high": (0xA4D0, 0xD7FF), "private": (0xE000, 0xFFFF), "smp": (0x10000, 0x1FFFF), "sip": (0x20000, 0x2FFFF),
        "tip": (0x30000, 0x3FFFF), "unassigned": (0x40000, 0xDFFFF), "tags": (0xE0000, 0xE0FFF), "planes-15-16": (0xF0000, 0x10FFFF),
    }  # fmt: skip
    for kind, (first, last) in ranges.items():
        for number in range(8):
            yield CorpusText(
                f"random-{kind}-{number}", "".join(chr(draw.between(first, last)) for _ in range(draw.between(1, 40)))
            )
    for number in range(60):
        characters = []
        for _ in range(draw.between(1, 60)):
            code = draw.below(0x10F800)
            characters.append(chr(code if code < 0xD800 else code + 0x800))
            if draw.below(3) == 0:
                characters.append(draw.one(WORDS))
        yield CorpusText(f"random-any-{number}", "".join(characters))
    for number in range(160):
        yield CorpusText(f"random-words-{number}", "".join(draw.some(WORDS, draw.between(2, 60))))
    sources = [*PROSE.values(), *CLAUSES, *CODE]
    for number in range(60):
        pieces = []
        for source in draw.some(sources, draw.between(1, 5)):
            start = draw.below(len(source))
            pieces.append(source[start : start + draw.between(1, 60)])
        yield CorpusText(f"random-pieces-{number}", draw.one(["", " ", "\n\n", ". "]).join(pieces))


def _lone_surrogates(draw: Draw) -> Iterator[CorpusText]:
    """None is part of a pair: a Python string that holds the halves of one apart cannot be written down as UTF-16 and come back."""
    high, low = "\ud83d", "\ude00"
    patterns = [
        "{h}", "{l}", "{l}{h}", "pay {h} the {l} fee", "x{h}", "{l}x", "{h}x{h}", "{l}{l}{l}", "{h}{h}{h}", "😀{l}", "{h}😀", "{l}😀{h}",
        "e{h}\u0301", "end.{h} Next", "end. {l}Next. {h}", "{h}\n\n{l}", "{l}\0{h}", "\ufffd{h}\ufffd", "[CLS]{h}[SEP]", "<s>{l}</s>",
    ]  # fmt: skip
    yield from _numbered("lone", [pattern.format(h=high, l=low) for pattern in patterns])
    for number in range(20):
        words = [
            draw.one([chr(draw.between(0xD800, 0xDBFF)) + "y", "z" + chr(draw.between(0xDC00, 0xDFFF)), *WORDS])
            for _ in range(12)
        ]
        yield CorpusText(f"lone-random-{number}", "x".join(words))


def _large() -> Iterator[CorpusText]:
    """A megabyte of one word, and more on which time that grows faster than the text would show."""
    yield CorpusText("large-word", "a", 1 << 20)
    yield CorpusText("large-spaces", " ", 1 << 16)
    yield CorpusText("large-sentences", "a. ", 1 << 12)
    yield CorpusText("large-marks", "\u0301", 1 << 13)
    yield CorpusText("large-emoji", "👍🏽\u200d", 1 << 11)
    yield CorpusText("large-numbering", "\n1. ", 1 << 12)


# fmt: off
REMNANTS = [
    "the seller", "delivers. ", "The Buyer", "agree", "ment", "non", "exclusive", "Inc. ", "and", "; ", "straße", "über", "ﬁnal", "😀", "\ud83d",
    "\n", "\n", "\n", "\n\n", "\r\n", "\f", "\u2028", "-\n", "\xad\n", "- \n\n  ", "\u2010\r\n", " ", "   ", "\t", "\xa0", "\u200b", "\ufeff",
    "\nPage 3 of 7\n", "\nPAGE 12\n", "\n- 4 -\n", "\n5\n", "\n6\n", "\n 7 of 9 \n", "\n– 8 –\n", "\nMASTER AGREEMENT\n", "\nMASTER AGREEMENT  9\n",
    "\nDraft 1 of May\n", "\n1 ", "\n2 ", "\n3\t", "\n 4  ", "\n5 ", "\n006 ", "\n7 ", "| ", " | ", " |\n| ", "\n|---|:--|\n", "\n+====+\n", "¦", "║",
    "<p>", "</p>", "<br/>", "<br>\n", "<TD align=\"left\">", "</td>", "<b>", "</b>", "<font size='2'>", "<!-- x -->", "<!DOCTYPE html>", "<Company>", "a < b > c",
    "&nbsp;", "&amp;", "&amp;nbsp;", "&amp;amp;", "&lt;p&gt;", "&#167;", "&#x2019;", "&#151;", "&#xD800;", "&#1;", "&bogus;", "&", "<a href=\"?a&amp;b\">", "Seite",
]
# fmt: on


def _from_pages(draw: Draw) -> Iterator[CorpusText]:
    """What ``text.cleaning: pdf`` is for, and what only looks like it."""
    contract = "MASTER AGREEMENT\n\n" + "\n\n".join(f"{number}. {clause}" for number, clause in enumerate(CLAUSES * 12, 1))
    for name, perturb in PERTURBATIONS.items():
        yield CorpusText(f"page-{name}", perturb(contract))
    for number in range(300):
        yield CorpusText(f"remnants-{number}", "".join(draw.some(REMNANTS, draw.between(3, 90))))
    for number in range(20):
        lines = [draw.one(CLAUSES)[: draw.between(5, 90)] for _ in range(draw.between(20, 60))]
        furniture = draw.one(["\nMASTER AGREEMENT\n{}\n", "\n\nMaster Agreement - Page {}\n\n", "\n{}\n", "\f{} of 9\n", "\n\n"])
        text = "".join(
            line + (furniture.format(at // 6) if at % 6 == 5 else draw.one(["\n", "\n", "\n\n"])) for at, line in enumerate(lines)
        )
        yield CorpusText(f"pages-{number}", text)
    units = ["|", "<", "&", "<p>", "&amp;", "-\n", "\n1 ", "\n7\n", "a-\nb", "\f", "<!", "ab\n\n", "Page 1\n", ")", "\u200b"]
    for number, unit in enumerate(units):
        yield CorpusText(f"large-page-{number}", unit, (1 << 15) // len(unit))
