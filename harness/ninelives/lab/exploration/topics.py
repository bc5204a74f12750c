"""The topics of drawn stories: for each turn a question, the sentences of its answer, a keyword.

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
