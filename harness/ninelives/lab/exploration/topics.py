"""The topics of drawn scenarios: for each turn a question, the sentences of its answer, a keyword.

No two sentences share a beginning, so that the source of heard words can be identified.
"""

TOPICS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (
        "Hello, who is this?",
        (
            "Hello, this is the harbour office.",
            "You may ask about boats, about tides, or about the people who look after both.",
            "Nothing is too small to be asked.",
        ),
        "offices",
    ),
    (
        "When is high water?",
        (
            "High water comes at seven this evening.",
            "It rises slowly at first, then faster than visitors expect, and leaves the lower stairs wet.",
            "Please keep children away from them.",
        ),
        "tides",
    ),
    (
        "Why is the lighthouse red?",
        (
            "Red is seen best against the white cliff.",
            "An earlier keeper painted it green, and three captains complained within a week.",
            "His name is on a plate beside the door.",
        ),
        "lighthouses",
    ),
    (
        "Which ferry goes to the island?",
        (
            "Take the small ferry from the second pier.",
            "She leaves every half hour, carries twelve people and as many bicycles, and waits for nobody.",
            "Tickets are sold on board.",
        ),
        "ferries",
    ),
    (
        "Thank you, goodbye.",
        (
            "Goodbye, and come again.",
            "We close at ten, but somebody always hears the bell at the gate.",
            "Mind the ropes on your way out.",
        ),
        "farewells",
    ),
)

IN_OTHER_WORDS = {
    TOPICS[0][1][0]: "Guten Tag, hier ist das Hafenbüro 🚢.",
    TOPICS[0][1][
        1
    ]: "Fragen Sie nach Schiffen, nach Ebbe und Flut oder nach den Menschen, die für beides sorgen.",
    TOPICS[1][1][0]: "La mer est haute à sept heures, ce soir\u00a0!",
    TOPICS[1][1][1]: "L’eau monte d’abord lentement, puis plus vite qu’on ne croit, et mouille l’escalier.",
    TOPICS[2][1][0]: "赤い色は白い崖の前で一番よく見えます。",
    TOPICS[2][1][1]: "昔の灯台守は緑に塗りましたが、三人の船長が一週間で文句を言いました。",
    TOPICS[3][1][0]: "Возьмите маленький паром у второго причала 👨‍👩‍👧‍👦.",
    TOPICS[3][1][1]: "Он отходит каждые полчаса, берёт двенадцать человек и никого не ждёт.",
    TOPICS[4][1][0]: "مع السلامة، وتعالوا مرة أخرى.",
    TOPICS[4][1][1]: "نغلق في العاشرة، لكن أحدًا يسمع الجرس دائمًا.",
}
"""Some of the sentences in other languages and scripts. They too share no beginning."""
