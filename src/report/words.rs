//! What a report says in words: where columns end, what a method promises and what it leaves, the goals of data protection.

use crate::confidential::Release;
use crate::error::Language;
use crate::report::Fate;
use crate::say;

/// Where the values of a column end.
pub(super) fn fate(fate: &Fate, language: Language) -> String {
    match fate {
        Fate::Coordinate => say!(
            language,
            "gives the cell and the areas; dropped as soon as they are known, in no output",
            "ergibt Zelle und Gebiete; verworfen, sobald diese bekannt sind, in keiner Ausgabe"
        ),
        Fate::Address => say!(
            language,
            "looked up in the register or table of addresses; dropped as soon as the place is found, in no output",
            "im Adressverzeichnis oder in der Straßentabelle nachgeschlagen; verworfen, sobald der Ort gefunden ist, in keiner Ausgabe"
        ),
        Fate::CellCode => say!(
            language,
            "gives the cell; published as the codes of cells of the declared sizes",
            "ergibt die Zelle; veröffentlicht als Codes der Zellen in den vereinbarten Größen"
        ),
        Fate::AreaKey => say!(
            language,
            "gives the areas; published as the keys of areas of the declared systems",
            "ergibt die Gebiete; veröffentlicht als Schlüssel der Gebiete in den vereinbarten Ebenen"
        ),
        Fate::Category(name) => say!(
            language,
            "category of dimension {name}; counted, published as protected counts of groups",
            "Kategorie der Dimension {name}; gezählt, veröffentlicht als geschützte Anzahlen von Gruppen"
        ),
        Fate::Unpublished(name) => say!(
            language,
            "category of dimension {name}, which stands in no published table; dropped, in no output but as a name",
            "Kategorie der Dimension {name}, die in keiner veröffentlichten Tabelle steht; verworfen, in keiner Ausgabe außer als Name"
        ),
        Fate::Summed(name) => say!(
            language,
            "summed as {name}; published as sums where the count beside them is published",
            "summiert als {name}; veröffentlicht als Summen, wo die Anzahl daneben veröffentlicht ist"
        ),
        Fate::Date => say!(
            language,
            "the reference date; published as the date of the numbers",
            "der Stichtag; veröffentlicht als Datum der Zahlen"
        ),
        Fate::Id => say!(
            language,
            "hashed under a key to tell records apart; dropped before anything is counted into tables, in no output",
            "unter einem Schlüssel gehasht, um Sätze zu unterscheiden; verworfen, bevor Tabellen entstehen, in keiner Ausgabe"
        ),
        Fate::Contributor => say!(
            language,
            "hashed to count distinct households or businesses; dropped before anything is written, in no output",
            "gehasht, um verschiedene Haushalte oder Betriebe zu zählen; verworfen, bevor etwas geschrieben wird, in keiner Ausgabe"
        ),
    }
}

/// A rule's name for readers.
pub(super) fn rule(name: &str, language: Language) -> String {
    match name {
        "threshold" => say!(language, "smallest published count", "kleinste veröffentlichte Anzahl"),
        "zeros" => say!(language, "zeros", "Nullen"),
        "sensitive" => say!(language, "sensitive categories", "sensible Kategorien"),
        "group_disclosure" => {
            say!(language, "not told of whole groups: dimensions", "nicht von ganzen Gruppen gesagt: Dimensionen")
        }
        "numerator" => say!(language, "numerator of rates", "Zähler von Quoten"),
        "minimum_base" => say!(language, "smallest base of a rate", "kleinste Basis einer Quote"),
        "threshold_units" => {
            say!(language, "fewest households or businesses in a count", "wenigste Haushalte oder Betriebe in einer Anzahl")
        }
        "interval" => say!(
            language,
            "width of what can be known of a withheld number",
            "Breite dessen, was über eine gesperrte Zahl bekannt sein kann"
        ),
        "dominance" => say!(
            language,
            "most that the n largest may contribute to a sum (n, share)",
            "Höchstanteil der n größten Beiträge an einer Summe (n, Anteil)"
        ),
        "p_percent" => say!(language, "p % rule for sums: p", "p-%-Regel für Summen: p"),
        "withheld" => say!(language, "not told beside the tables", "neben den Tabellen nicht genannt"),
        "merge_minimum" => say!(
            language,
            "cells of fewer people are joined with their neighbours",
            "Zellen mit weniger Menschen werden mit ihren Nachbarn verbunden"
        ),
        "merge_largest" => say!(language, "no cell becomes larger than", "keine Zelle wird größer als"),
        "base" => say!(language, "base of rounding", "Basis der Rundung"),
        "d" => say!(language, "largest noise D", "größte Überlagerung D"),
        "v" => say!(language, "variance of noise V", "Varianz der Überlagerung V"),
        "js" => say!(language, "counts from 1 to this never appear", "Anzahlen von 1 bis hier kommen nicht vor"),
        "reason" => say!(language, "reason", "Begründung"),
        other => other.to_owned(),
    }
}

/// What the method promises, with what joining cells promises before it.
pub(super) fn promise(release: &Release, language: Language) -> String {
    let told = |name: &str| release.parameters.iter().find(|(parameter, _)| *parameter == name).map(|(_, value)| value);
    let method = promise_of_method(release, language);
    match (told("merge_minimum"), told("merge_largest")) {
        (Some(minimum), Some(largest)) => say!(
            language,
            "Cells of fewer than {minimum} people are joined with their neighbours up the nesting of the grid, up to {largest}: every cell smaller than \
             {largest} has at least {minimum} people, the same cells serve all tables and dates, and coarser levels are unions of finer ones. \
             Then: {method}",
            "Zellen mit weniger als {minimum} Menschen sind mit ihren Nachbarn entlang der Schachtelung des Gitters verbunden, bis {largest}: Jede Zelle unter \
             {largest} hat mindestens {minimum} Menschen, dieselben Zellen gelten für alle Tabellen und Stichtage, gröbere Ebenen sind Vereinigungen feinerer. \
             Danach: {method}"
        ),
        _ => method,
    }
}

fn promise_of_method(release: &Release, language: Language) -> String {
    match release.method {
        "suppress" => say!(
            language,
            "Counts that speak of too few people are withheld. So many others are withheld with them that none of these can be computed from \
             published numbers, over all cells, areas, tables and their differences together.",
            "Anzahlen, die von zu wenigen Menschen sprechen, sind gesperrt. Mit ihnen sind so viele weitere gesperrt, dass keine davon aus \
             veröffentlichten Zahlen errechnet werden kann, über alle Zellen, Gebiete, Tabellen und deren Differenzen zusammen."
        ),
        "round" => say!(
            language,
            "In the finest pieces (cell × area × group) small counts become 0 or the base, decided under a secret key; everything published is a \
             sum of these pieces. Numbers add up, and no published count lies between 0 and the base.",
            "In den feinsten Bausteinen (Zelle × Gebiet × Gruppe) werden kleine Anzahlen zu 0 oder zur Basis, entschieden unter einem geheimen \
             Schlüssel; alles Veröffentlichte ist eine Summe solcher Bausteine. Die Zahlen addieren sich, und keine Anzahl liegt zwischen 0 und der Basis."
        ),
        "cell-key" => say!(
            language,
            "Every count carries noise that depends on nothing but the records in it and a secret key: the same people have the same noise in \
             every table. True zeros stay zero. Numbers do not add up exactly.",
            "Jede Anzahl ist überlagert; die Überlagerung hängt nur von den gezählten Sätzen und einem geheimen Schlüssel ab: dieselben Menschen \
             haben in jeder Tabelle dieselbe. Wahre Nullen bleiben null. Die Zahlen addieren sich nicht genau."
        ),
        _ => say!(
            language,
            "Nothing is withheld or changed, for the reason that the rules name.",
            "Nichts ist gesperrt oder verändert, aus dem Grund, den die Regeln nennen."
        ),
    }
}

/// What remains possible, one risk an entry.
pub(super) fn residual_risks(release: &Release, language: Language) -> Vec<String> {
    let told = |name: &str| release.parameters.iter().any(|(parameter, _)| *parameter == name);
    let mut risks = Vec::new();
    if told("merge_minimum") {
        risks.push(say!(
            language,
            "The joining follows a rule that may be known: that a cell was joined says that some cell of the next finer size in it has fewer people than the \
             minimum, not which one and not how many. A level's large cells must not be read as one settlement.",
            "Das Verbinden folgt einer Regel, die bekannt sein darf: Dass eine Zelle verbunden ist, sagt, dass irgendeine Zelle der nächstfeineren Größe in ihr \
             weniger Menschen hat als das Minimum, nicht welche und nicht wie viele. Große Zellen einer Ebene dürfen nicht als eine Siedlung gelesen werden."
        ));
    }
    match release.method {
        "suppress" => {
            risks.push(say!(
                language,
                "Published numbers are exact. Withheld ones can be enclosed between bounds; the bounds leave at least two values, and may be narrow.",
                "Veröffentlichte Zahlen sind genau. Gesperrte lassen sich zwischen Schranken einschließen; diese lassen mindestens zwei Werte \
                 und können eng sein."
            ));
            risks.push(say!(
                language,
                "Somebody who knows the numbers of others in a withheld place (neighbours, a shared household) can subtract them and learn more.",
                "Wer die Werte anderer an einem gesperrten Ort kennt (Nachbarn, gemeinsamer Haushalt), kann sie abziehen und mehr erfahren."
            ));
            if release.parameters.contains(&("zeros", "public".to_owned())) {
                risks.push(say!(
                    language,
                    "Zeros are shown, except of groups that the rules name as sensitive: it can be seen that nobody is in a group.",
                    "Nullen werden gezeigt, außer bei Gruppen, die die Regeln als sensibel nennen: Es ist zu sehen, dass niemand einer Gruppe angehört."
                ));
            }
            if !told("group_disclosure") {
                risks.push(say!(
                    language,
                    "That all members of a large enough group share a category is not hidden; the rule for group disclosure is not in use.",
                    "Dass alle Angehörigen einer genügend großen Gruppe eine Kategorie teilen, ist nicht verborgen; die Regel gegen Gruppenoffenlegung ist nicht in Gebrauch."
                ));
            }
        }
        "round" => {
            risks.push(say!(
                language,
                "A published 0 may stand for a small count, and the base for one too: what is small is uncertain, what is large is nearly exact.",
                "Eine veröffentlichte 0 kann für eine kleine Anzahl stehen und die Basis ebenso: Kleines ist ungewiss, Großes fast genau."
            ));
            risks.push(say!(
                language,
                "Whoever has the key can undo part of the rounding. Releases of the same records under several keys could be averaged: keep one key, keep it secret.",
                "Wer den Schlüssel hat, kann die Rundung teilweise zurücknehmen. Veröffentlichungen derselben Sätze unter mehreren Schlüsseln ließen sich mitteln: \
                 einen Schlüssel behalten und geheim halten."
            ));
        }
        "cell-key" => {
            risks.push(say!(
                language,
                "A zero is a true zero, and a published number above 0 says that somebody is there.",
                "Eine Null ist eine wahre Null, und eine veröffentlichte Zahl über 0 sagt, dass dort jemand ist."
            ));
            risks.push(say!(
                language,
                "Noise is bounded. Totals compared with the sums of their parts narrow it, the more the more tables are published; the tables are therefore \
                 declared before and not asked for freely.",
                "Die Überlagerung ist beschränkt. Der Vergleich von Summen mit ihren Teilen engt sie ein, je mehr Tabellen erscheinen, desto mehr; die Tabellen sind \
                 deshalb vorab vereinbart und nicht frei abfragbar."
            ));
            risks.push(say!(
                language,
                "Whoever has the key and the ids can undo the noise: keep the key secret, and the same for all releases.",
                "Wer den Schlüssel und die Kennungen hat, kann die Überlagerung zurücknehmen: den Schlüssel geheim halten und für alle Veröffentlichungen denselben nehmen."
            ));
        }
        _ => risks.push(say!(
            language,
            "Every number is exact, however small. If records speak of people, this bundle must not be published.",
            "Jede Zahl ist genau, so klein sie auch ist. Sprechen die Sätze von Menschen, darf dieses Paket nicht veröffentlicht werden."
        )),
    }
    risks.push(say!(
        language,
        "Earlier releases of the same records are not compared with this one: other dates, groups, sizes or areas can be subtracted from it.",
        "Frühere Veröffentlichungen derselben Sätze sind nicht mit dieser verglichen: Andere Stichtage, Gruppen, Größen oder Gebiete lassen sich von ihr abziehen."
    ));
    risks
}

/// A goal of the Standard-Datenschutzmodell 3.0 (section C1): its name, what the program does for it, what is left to the controller.
pub(super) struct Goal {
    pub name: String,
    pub done: String,
    pub left: String,
}

/// All seven.
pub(super) fn goals(release: &Release, language: Language) -> [Goal; 7] {
    let protected = release.method != "none";
    let goal = |name, done, left| Goal { name, done, left };
    [
        goal(
            say!(language, "Data minimisation", "Datenminimierung"),
            say!(
                language,
                "Only the columns named below are read. Coordinates and ids are dropped as soon as cell and area are known; only declared tables and sizes are computed.",
                "Nur die unten genannten Spalten werden gelesen. Koordinaten und Kennungen werden verworfen, sobald Zelle und Gebiet bekannt sind; nur vereinbarte Tabellen und Größen entstehen."
            ),
            say!(
                language,
                "Export no more columns and declare no more tables and finer cells than the purpose needs.",
                "Nicht mehr Spalten exportieren und nicht mehr Tabellen und feinere Zellen vereinbaren, als der Zweck braucht."
            ),
        ),
        goal(
            say!(language, "Availability", "Verfügbarkeit"),
            say!(
                language,
                "The bundle is written aside and put in place when it is complete; an interrupted run leaves the old one whole.",
                "Das Paket entsteht daneben und kommt erst vollständig an seinen Platz; ein abgebrochener Lauf lässt das alte unversehrt."
            ),
            say!(
                language,
                "Keep plan, key and input so that a release can be made again.",
                "Plan, Schlüssel und Eingabe aufbewahren, damit sich eine Veröffentlichung wiederholen lässt."
            ),
        ),
        goal(
            say!(language, "Integrity", "Integrität"),
            say!(
                language,
                "The same input, plan and key give the same bytes. Every file is listed with its hash; `kleinraum verify` compares all formats with one another.",
                "Gleiche Eingabe, Plan und Schlüssel ergeben gleiche Bytes. Jede Datei ist mit Prüfsumme verzeichnet; `kleinraum verify` vergleicht alle Formate miteinander."
            ),
            say!(
                language,
                "Check the rejected rows: what is not counted is missing everywhere.",
                "Die abgewiesenen Zeilen prüfen: Was nicht gezählt ist, fehlt überall."
            ),
        ),
        goal(
            say!(language, "Confidentiality", "Vertraulichkeit"),
            match protected {
                true => say!(
                    language,
                    "No number leaves without disclosure control; messages and files never hold a record's values. The secret key is in no output.",
                    "Keine Zahl verlässt das Programm ohne Geheimhaltung; Meldungen und Dateien enthalten nie Werte eines Satzes. Der geheime Schlüssel steht in keiner Ausgabe."
                ),
                false => say!(
                    language,
                    "Numbers are not protected, for the reason that the rules name; coordinates and ids are still in no output.",
                    "Zahlen sind nicht geschützt, aus dem Grund, den die Regeln nennen; Koordinaten und Kennungen stehen trotzdem in keiner Ausgabe."
                ),
            },
            say!(
                language,
                "Keep input and key where only those entitled can read them; delete the input when it is no longer needed.",
                "Eingabe und Schlüssel dort halten, wo nur Berechtigte sie lesen; die Eingabe löschen, wenn sie nicht mehr gebraucht wird."
            ),
        ),
        goal(
            say!(language, "Unlinkability", "Nichtverkettung"),
            say!(
                language,
                "Nothing individual is published that could be linked; places are cells and areas, people are groups.",
                "Es erscheint nichts Einzelnes, das sich verketten ließe; Orte sind Zellen und Gebiete, Menschen sind Gruppen."
            ),
            say!(
                language,
                "Consider other publications about the same people before adding tables or dates.",
                "Andere Veröffentlichungen über dieselben Menschen bedenken, bevor Tabellen oder Stichtage hinzukommen."
            ),
        ),
        goal(
            say!(language, "Transparency", "Transparenz"),
            say!(
                language,
                "This report names purpose, rules, losses and residual risk; `run.json` names versions and hashes; withheld numbers are marked as such everywhere.",
                "Dieser Bericht nennt Zweck, Regeln, Verluste und Restrisiko; `run.json` nennt Versionen und Prüfsummen; gesperrte Zahlen sind überall als solche gekennzeichnet."
            ),
            say!(
                language,
                "State purpose and legal basis in the plan; hand this report out with the maps.",
                "Zweck und Rechtsgrundlage im Plan angeben; diesen Bericht mit den Karten weitergeben."
            ),
        ),
        goal(
            say!(language, "Intervenability", "Intervenierbarkeit"),
            say!(
                language,
                "A corrected or deleted record takes effect with the next run, which replaces the bundle as a whole.",
                "Ein berichtigter oder gelöschter Satz wirkt mit dem nächsten Lauf, der das Paket als Ganzes ersetzt."
            ),
            say!(
                language,
                "Run again after objections and corrections; withdraw copies of older bundles.",
                "Nach Widersprüchen und Berichtigungen erneut ausführen; Kopien älterer Pakete zurückziehen."
            ),
        ),
    ]
}
