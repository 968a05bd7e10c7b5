extension IncidentProfile {
    /// The 44 teams that incidents came to first most often (6,663 of 7,554): team and incidents, then the most frequent
    /// organisations ("Org line" left out), countries and products ("PROD" left out) of those, each with its number.
    /// `0` is the log's unknown country. Counted over the first event of each incident.
    static let teamTable = """
        G96 1863 | C 1863 | POLAND 816, INDIA 440, Brazil 430 | 424 569, 494 127, 253 71, 698 68, 321 67
        S42 1121 | C 1121 | Sweden 1120, 0 1 | 660 456, 453 88, 544 83, 13 62, 716 59
        G97 364 | C 364 | POLAND 144, Brazil 99, China 35 | 424 75, 698 21, 253 20, 215 12, 494 11
        G76 340 | C 340 | 0 317, Sweden 23 | 383 184, 379 31, 295 21, 635 18, 431 9
        N38 287 | C 287 | USA 287 | 253 68, 267 23, 488 18, 214 13, 553 11
        S56 284 | Other 284 | Sweden 193, 0 54, INDIA 13 | 424 73, 383 15, 660 14, 698 11, 215 8
        N36 270 | C 270 | USA 270 | 566 139, 420 19, 725 17, 17 17, 364 16
        S37 221 | C 221 | Sweden 221 | 832 39, 267 20, 253 18, 369 16, 214 11
        D8 201 | A2 201 | POLAND 201 | 258 30, 542 26, 776 13, 623 13, 235 12
        D5 187 | C 187 | Belgium 187 | 697 25, 542 17, 327 17, 328 16, 424 14
        D2 168 | C 168 | Belgium 168 | 542 21, 235 15, 236 13, 424 12, 328 10
        G51 2nd 143 | G4 143 | Sweden 69, Brazil 51, INDIA 23 | 818 27, 54 25, 319 15, 31 8, 24 6
        D3 137 | B 137 | Brazil 137 | 235 29, 126 23, 802 20, 81 18, 53 13
        G359 96 | C 96 | Sweden 96 | 424 17, 337 12, 691 5, 455 5, 698 4
        D7 87 | A2 87 | Sweden 87 | 236 28, 235 17, 38 6, 776 5, 158 4
        D1 66 | B 66 | INDIA 39, China 20, THAILAND 7 | 305 29, 350 27, 542 3, 790 3, 510 1
        S36 63 | C 63 | Sweden 63 | 237 9, 370 7, 267 5, 13 4, 445 4
        T12 61 | V2 61 | Sweden 61 | 615 13, 42 6, 268 6, 257 5, 455 5
        D6 59 | C 59 | Belgium 59 | 308 14, 328 10, 235 5, 542 4, 236 4
        C9 50 | C 50 | Brazil 50 | 562 15, 274 9, 408 5, 424 5, 120 3
        L51 3rd 50 | A2 50 | Sweden 50 | 607 48, 610 1, 597 1
        N15 2nd 38 | C 35, A2 3 | Canada 35, Sweden 3 | 424 7, 494 6, 267 5, 738 4, OTHERS 2
        S8 37 | G2 37 | Brazil 37 | 424 5, 120 4, 124 3, 267 3, 131 2
        G47 2nd 36 | A2 36 | 0 31, Sweden 4, INDIA 1 | 243 36
        N19 2nd 33 | C 32, A2 1 | Canada 32, Sweden 1 | 424 4, 494 3, OTHERS 3, 217 2, 595 2
        N37 30 | C 30 | USA 30 | 566 18, 50 2, 522 2, 17 2, 364 1
        N40 26 | C 26 | USA 26 | 486 7, 482 2, 424 2, 321 2, 565 1
        N32 26 | C 26 | USA 26 | 267 6, 253 5, 424 5, 494 4, 482 1
        V27 25 | C 25 | France 25 | 424 7, 279 2, 698 2, 261 2, 314 1
        G348 2nd 23 | A2 23 | Sweden 23 | 82 15, 484 5, 99 2, 458 1
        G300 23 | C 23 | Belgium 23 | 267 5, 253 4, 384 2, 424 2, 271 1
        T19 22 | Other 22 | Sweden 22 | 562 15, 726 6, 793 1
        M23 22 | C 22 | Sweden 22 | 455 13, 279 4, 401 3, 424 1, 13 1
        S49 21 | C 21 | Sweden 21 | 455 15, 279 6
        G75 21 | C 21 | 0 21 | 756 6, 171 4, 509 4, 173 3, 327 2
        T3 2nd 21 | B 20, V2 1 | MALAYSIA 20, Sweden 1 | 762 10, 758 4, 575 2, 42 1, 171 1
        S2 20 | Other 20 | INDIA 6, France 6, Sweden 3 | 609 10, 607 7, 604 1, 613 1, 606 1
        G81 18 | C 18 | INDIA 17, 0 1 | 673 12, 13 3, 802 2, 803 1
        G311 18 | C 18 | Belgium 14, France 2, Italy 2 | 424 6, 494 3, 182 1, 454 1, 321 1
        G358 2nd 18 | G1 18 | 0 12, Sweden 6 | 295 11, 293 3, 380 1, 292 1, 387 1
        V24 17 | Other 17 | USA 7, Sweden 7, United Kingdom 2 | 604 17
        J5 17 | C 17 | Sweden 17 | 279 7, 262 3, 424 3, 261 3, 455 1
        V6 17 | Other 17 | Belgium 9, Korea 6, Sweden 1 | 604 6, 73 4, 49 4, 617 2, 72 1
        D10 16 | B 16 | Australia 16 | 236 5, 38 4, 79 1, 271 1, 267 1
        """

    /// Where incidents went from a team: team, then its most frequent next teams with the number of hand-overs, for teams
    /// with at least 15. Counted over neighbouring events of an incident whose teams differ.
    static let handOverTable = """
        G96 | G97 255, G230 2nd 75, G92 65, G22 2nd 57, V26 40
        G97 | G230 2nd 91, G22 2nd 37, G92 36, G40 35, G165 2nd 27
        D4 | D5 92, N26 2nd 66, D7 57, D2 47, G42 3rd 44
        S42 | S43 100, G146 2nd 85, G140 2nd 57, S40 14, G193 2nd 10
        D5 | D4 123, V37 2nd 29, V49 20, G297 16, V32 2nd 12
        D8 | V37 2nd 58, G179 46, D4 37, V32 2nd 22, N14 2nd 22
        N38 | N49 34, N5 2nd 25, N43 23, N44 19, N45 15
        D2 | D4 61, V37 2nd 38, V51 2nd 30, V32 2nd 10, V35 2nd 7
        G92 | G88 2nd 53, G93 2nd 41, G97 31, G236 2nd 8, G87 2nd 7
        V37 2nd | D8 55, D2 37, V32 2nd 33, D5 26, D6 8
        S56 | G76 24, G230 2nd 13, S43 11, G92 7, G22 2nd 7
        S37 | G49 24, S41 19, S39 12, E1 10, U3 10
        D7 | D4 81, A14 12, N14 2nd 8, W15 2nd 7, G179 5
        G76 | G358 2nd 31, G325 2nd 10, W11 2nd 9, G306 2nd 9, G45 2nd 7
        G230 2nd | G97 51, G96 6, G165 2nd 6, G285 2nd 5, M8 5
        D1 | B10 2nd 35, T17 2nd 27, C6 2nd 13, G179 9, J2 2nd 8
        G179 | D8 44, G97 12, D7 10, D1 8, D2 5
        G40 | G97 49, G38 2nd 12, G195 6, D5 6, N38 4
        G22 2nd | G97 49, G34 3rd 25, G276 2nd 11, M16 2nd 2, D5 2
        V32 2nd | V37 2nd 74, V35 2nd 3, W15 3rd 3, D8 2, D1 2
        G51 2nd | G55 2nd 24, M9 14, G52 3rd 6, L60 2nd 3, N26 2nd 3
        N26 2nd | D4 65, N18 2nd 4, G51 2nd 3, G352 2nd 3, N25 2nd 2
        S49 | G172 39, M23 8, G97 8, M27 6, G255 2nd 4
        G271 2nd | G266 2nd 15, G97 6, G92 5, G157 2nd 5, G107 3rd 3
        D6 | D4 22, V46 2nd 18, V37 2nd 9, G26 2nd 5, M22 2nd 4
        G165 2nd | G97 48, G230 2nd 11, G73 3, G96 2, D5 1
        G146 2nd | C1 55, S42 4, G140 2nd 3, M25 2, G148 3rd 1
        T12 | T7 18, T9 12, T10 2nd 10, T16 2nd 6, T2 2nd 6
        G359 | G105 2nd 12, G22 2nd 6, M8 5, G364 2nd 5, J5 5
        N14 2nd | D8 18, D5 15, D7 8, D3 6, V48 5
        S36 | M17 17, K1 3rd 5, G77 5, M20 2nd 4, M8 3
        M8 | J5 24, G370 12, G97 8, S36 2, S49 2
        G236 2nd | G97 31, G92 9, N15 2nd 4, N39 3, G84 2nd 2
        G197 2nd | V17 3rd 26, V16 3rd 11, V14 3rd 7, V13 2nd 4, V20 2nd 3
        L51 3rd | L38 3rd 47, W12 2nd 2, L50 3rd 1, L45 3rd 1, G11 2nd 1
        N18 2nd | D4 22, B16 2nd 15, V56 2nd 5, N26 2nd 3, G51 2nd 2
        M22 2nd | D5 25, D2 4, N26 2nd 4, G179 4, D6 3
        A14 | D7 9, D8 7, G336 3rd 7, D3 5, D2 4
        N36 | N37 21, N51 16, G97 2, G92 1, N9 1
        G42 3rd | D4 38, D7 1
        D3 | S2 2nd 10, N14 2nd 9, A14 5, S13 2nd 4, D4 3
        G55 2nd | G51 2nd 20, S1 2nd 3, G97 2, G52 3rd 1, G92 1
        G255 2nd | G97 19, G257 3rd 4, S49 3, V57 2, G96 2
        G358 2nd | S9 3rd 19, S12 9, G66 2nd 2, G71 2nd 1, S7 1
        S2 2nd | S4 2nd 10, D3 10, G96 4, G97 3, S14 1
        S8 | S2 2nd 10, S14 5, G96 2, S9 2nd 2, S16 2
        G75 | W16 3rd 12, W9 2nd 4, W15 2nd 4, G57 2nd 3, G73 1
        G266 2nd | G97 8, G310 3, G179 2, V46 2nd 1, S20 2nd 1
        V26 | G97 10, V51 2nd 10, G96 5, V45 1
        S43 | S42 18, G140 2nd 4, S47 1
        G88 2nd | G92 12, N42 1, G96 1, G153 2nd 1, G48 2nd 1
        N40 | N43 8, N30 2nd 7, G92 1, N26 2nd 1, G343 2nd 1
        T19 | G356 2nd 16, G45 2nd 6
        N19 2nd | A14 5, D1 2, D8 2, G63 2nd 2, G40 2
        S9 2nd | S6 13, C9 4, G97 4
        N37 | V57 2nd 5, N51 5, G63 2nd 2, N4 2nd 2, N10 2nd 2
        S2 | G97 20
        G81 | G271 2nd 7, G153 2nd 6, G222 2nd 2, G238 2nd 1, G266 2nd 1
        G300 | G322 6, V47 4, G299 4, G76 1, G40 1
        G140 2nd | S43 7, S42 2, G135 2nd 2, N52 2nd 1, G146 2nd 1
        V27 | V26 4, G22 2nd 3, V57 2, G230 2nd 2, N3 1
        V6 | G197 2nd 16, V17 3rd 1
        V24 | G197 2nd 17
        N32 | A2 2nd 6, N44 2, G343 2nd 1, G96 1, G236 2nd 1
        """
}
