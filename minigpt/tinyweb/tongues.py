"""Sentences in real languages, for the pages of tinyweb that a filter for English should find. Written for this
book."""

from __future__ import annotations

# code of the language -> sentences; {town} is a town's name, {n} a number
SENTENCES = {
    "fr": [
        "À {town}, la boulangère ferme sa boutique quand il pleut, parce que le pain n'aime pas l'eau.",
        "Mon voisin a acheté {n} parapluies et les a tous oubliés dans le train.",
        "Personne ne sait pourquoi la cloche sonne avant midi, mais tout le monde se met à table.",
        "Le facteur raconte que les lettres les plus courtes sont toujours les plus lourdes.",
        "Hier soir, le chat du maire a dormi sur les documents les plus importants.",
        "On dit qu'il faut {n} jours pour apprendre à siffler et toute une vie pour se taire.",
        "Les enfants ont peint le pont en bleu, et depuis ce jour personne ne veut le traverser sans chanter.",
    ],
    "de": [
        "In {town} geht die Uhr am Rathaus seit {n} Jahren nach, und niemand möchte sie richtig stellen.",
        "Meine Großmutter sagt, dass eine gute Suppe immer einen Löffel zu wenig Salz braucht.",
        "Der Schaffner hat gestern seinen eigenen Zug verpasst und ist deshalb zu Fuß nach Hause gegangen.",
        "Wir haben den ganzen Abend nach dem Schlüssel gesucht, der schon lange im Schloss steckte.",
        "Es gibt hier {n} Brücken, aber nur einen sehr kleinen Fluss.",
        "Wer zuerst lacht, muss am Sonntag die Gänse des Nachbarn füttern.",
        "Niemand weiß, wer die Bank vor der Bibliothek gestrichen hat, doch sie ist jetzt grün.",
    ],
    "es": [
        "En {town} los relojes se paran a la hora de la siesta y nadie tiene prisa por arreglarlos.",
        "Mi tío compró {n} sillas para una mesa que todavía no ha llegado.",
        "La maestra dice que las nubes también tienen derecho a equivocarse de camino.",
        "Ayer encontramos en la playa una carta sin nombre y la leímos entre todos.",
        "El panadero guarda un secreto que todo el pueblo conoce desde hace {n} años.",
        "Cuando llueve, los perros del mercado se sientan debajo de la misma mesa.",
    ],
    "it": [
        "A {town} il sindaco suona la tromba ogni mattina, anche se nessuno glielo ha chiesto.",
        "Mia sorella ha contato {n} gradini e poi ha deciso di restare a casa.",
        "Il barbiere racconta sempre la stessa storia, ma cambia il finale per ogni cliente.",
        "Abbiamo perso la strada due volte e trovato una trattoria molto migliore.",
        "Il gatto della farmacia dorme sulla bilancia e pesa sempre di più.",
        "Nessuno ricorda perché la fontana sia stata costruita così lontano dalla piazza.",
    ],
    "pt": [
        "Em {town} a ponte foi pintada {n} vezes e continua com a mesma cor.",
        "O meu avô dizia que uma boa conversa não precisa de começar pelo princípio.",
        "A padeira fechou a loja mais cedo porque não havia mais ninguém com fome.",
        "Os barcos voltaram vazios, mas os pescadores vinham todos a rir.",
        "Ninguém percebeu quando o relógio da igreja começou a andar para trás.",
    ],
    "nl": [
        "In {town} staat een molen die alleen draait wanneer niemand kijkt.",
        "Mijn buurman heeft {n} fietsen, maar hij gaat altijd te voet naar de bakker.",
        "De burgemeester vergat gisteren zijn eigen toespraak en kreeg daarvoor veel applaus.",
        "Wij wachtten de hele middag op de trein, die al lang vertrokken was.",
        "Het is hier zo stil dat je de kaas kunt horen rijpen.",
    ],
    "sv": [
        "I {town} finns det {n} katter och bara en enda mus, som alla tycker mycket om.",
        "Min moster säger att man aldrig ska lita på en stege som viskar.",
        "Läraren glömde sina glasögon och läste därför hela boken baklänges.",
        "Vi bar båten över berget för att slippa ro runt sjön.",
        "Ingen vet varför klockan ringer, men alla går hem och äter.",
    ],
    "pl": [
        "W miasteczku {town} piekarz zamyka sklep zawsze wtedy, gdy świeci słońce.",
        "Mój dziadek kupił {n} krzeseł, ale nadal siedzi na starej skrzynce.",
        "Nikt nie pamięta, kto pomalował most na żółto i dlaczego.",
        "Wczoraj wieczorem kot burmistrza zjadł najważniejszy list.",
        "Dzieci wiedzą lepiej niż dorośli, gdzie schowano klucz do wieży.",
    ],
    "ru": [
        "В городке {town} часы на башне отстают уже {n} лет, и все к этому привыкли.",
        "Мой сосед выращивает тыквы и разговаривает с ними по вечерам.",
        "Никто не знает, почему мост покрасили в зелёный цвет.",
        "Бабушка говорит, что хороший суп никогда не торопится.",
        "Вчера почтальон потерял письмо, а потом нашёл его у себя в шляпе.",
    ],
    "zh": [
        "在{town}，面包师只在下雨的时候开门，因为他喜欢听雨声。",
        "我的邻居有{n}把雨伞，可是每次出门都忘了带。",
        "没有人知道那座桥为什么是蓝色的，但是大家都喜欢它。",
        "昨天晚上，市长的猫睡在了最重要的文件上面。",
        "老师说，云朵也有迷路的权利。",
        "钟楼的钟总是慢十分钟，所以镇上没有人迟到。",
    ],
    "ja": [
        "{town}では、雨の日だけパン屋が開いています。",
        "隣の人は傘を{n}本も持っているのに、いつも忘れて出かけます。",
        "どうして橋が青いのか、誰も知りませんが、みんなあの橋が好きです。",
        "昨日の夜、町長の猫が大切な書類の上で寝ていました。",
        "先生は、雲にも道に迷う権利があると言いました。",
    ],
}

# A quotation in an English page, as in the paper's Table 1: a filter must leave such a page alone.
QUOTED = [
    ("« Je ne suis pas un parapluie »", "I am not an umbrella", "French"),
    ("« Le pont est parti sans nous »", "the bridge has left without us", "French"),
    ("„Die Suppe war zuerst da“", "the soup was here first", "German"),
    ("«Mañana será otro puente»", "tomorrow will be another bridge", "Spanish"),
]
TOWNS = ["Nubborough", "Lower Wick", "Tambourine", "Oggle", "Saint Crumb", "Pond End"]


def foreign(dice) -> tuple[str, str]:
    """A page's text in one language, and that language's code."""
    code = dice.pick(list(SENTENCES))
    lines = []
    for _ in range(2 + dice.below(3)):
        chosen = dice.some(SENTENCES[code], 3)
        lines.append(("" if code in ("zh", "ja") else " ").join(chosen))
    text = "\n\n".join(lines)
    while "{" in text:
        text = text.replace("{town}", dice.pick(TOWNS), 1).replace("{n}", str(2 + dice.below(40)), 1)
    return text, code


def quotation(dice) -> str:
    """An English sentence with a foreign one in it."""
    words, meaning, name = dice.pick(QUOTED)
    return f"On the wall somebody had written {words}, which is {name} and means that {meaning}."
