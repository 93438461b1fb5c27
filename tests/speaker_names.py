"""Pairs of names: `SAME` are one speaker, `DIFFERENT` and `SCRIPTS` are two, in both directions."""

from __future__ import annotations

__all__ = ["DIFFERENT", "SAME", "SCRIPTS", "pairs_of"]


def pairs_of(table: str) -> list[tuple[str, str]]:
    rows = [pair.split(" = ") for line in table.strip().splitlines() for pair in line.split(" | ")]
    return [(one, other) for one, other in rows]


SAME = """
Prime Minister Rishi Sunak = Rishi Sunak | Sunak = Rishi Sunak
U.S. Secretary of State Antony Blinken = Antony Blinken
Sen. Bernie Sanders (I-Vt.) = Bernie Sanders | Bernie Sanders, I-Vt. = Bernie Sanders
Rep. Nancy Pelosi, D-Calif. = Nancy Pelosi | Fed Chairman Jerome Powell = Jerome Powell
Trump campaign manager Kellyanne Conway = Kellyanne Conway
Kellyanne Conway, Trump's campaign manager = Kellyanne Conway
Clinton spokesman Brian Fallon = Fallon | King Charles III = Charles III
King Charles III = King Charles | Archbishop Desmond Tutu = Desmond Tutu
Dr Anthony Fauci = Fauci | Admiral John Kirby = Kirby
Supreme Leader Ayatollah Ali Khamenei = Ali Khamenei
Russian Foreign Minister Sergei Lavrov = Lavrov | Kremlin spokesman Dmitry Peskov = Dmitry Peskov
European Commission President Ursula von der Leyen = von der Leyen
Mayor de Blasio = Bill de Blasio | Vice President Kamala Harris = Kamala Harris
First Minister Nicola Sturgeon = Nicola Sturgeon | Tesla CEO Elon Musk = Elon Musk
Elon Musk, chief executive of Tesla = Elon Musk | Elon Musk, the billionaire owner of X = Musk
former FBI Director James Comey = James Comey | then-FBI Director James Comey = James Comey
former U.S. President Donald Trump = Donald Trump
President-elect Donald J. Trump = Donald J. Trump | Associate Justice Elena Kagan = Elena Kagan
District Judge Ann Roe = Ann Roe | Major General Ann Roe = Ann Roe
Maj. Gen. Patrick Ryder = Patrick Ryder | Sgt. Ann Roe = Ann Roe
Chief Inspector Ann Roe = Ann Roe | Detective Chief Superintendent Ann Roe = Ann Roe
Robert Kennedy Jr. = Robert Kennedy | Robert F. Kennedy Jr. = Kennedy | Ann Roe, Esq. = Ann Roe
Ann Roe, Ph.D. = Ann Roe | Professor Sir Chris Whitty = Chris Whitty
Prof. Dr. Christian Drosten = Christian Drosten
House Majority Leader Steve Scalise = Steve Scalise | Labour leader Keir Starmer = Starmer
co-founder Bill Gates = Bill Gates | Microsoft co-founder Bill Gates = Bill Gates
World Health Organization Director-General Tedros Adhanom Ghebreyesus = Tedros Adhanom Ghebreyesus
IMF Managing Director Kristalina Georgieva = Georgieva | Chelsea Clinton = Clinton
Michael Jordan's = Michael Jordan | Israeli Prime Minister Benjamin Netanyahu = Netanyahu
MP Jess Phillips = Jess Phillips | Lady Gaga = Gaga
Defense Secretary Lloyd Austin = Lloyd Austin | Secretary Austin Smith = Austin Smith
O’Rourke = Beto O'Rourke | Alexandria Ocasio‑Cortez = Ocasio-Cortez
Nguyễn Phú Trọng = General Secretary Nguyễn Phú Trọng
NATO's secretary-general, Jens Stoltenberg = Jens Stoltenberg | Mr. Xi Jinping = Xi Jinping
Chinese leader Xi Jinping = Xi Jinping
Jens Stoltenberg (NATO Secretary General) = Jens Stoltenberg
Jens Stoltenberg — NATO secretary general = Jens Stoltenberg
Chief Executive Officer Tim Cook = Tim Cook | Apple chief Tim Cook = Tim Cook
Deputy Attorney General Rod Rosenstein = Rod Rosenstein
Special Counsel Robert Mueller = Robert Mueller | Attorney General Jeff Sessions = Sessions
Governor Ron DeSantis = DeSantis | Queen Elizabeth = Elizabeth | Princess Diana = Diana
Texas Gov. Greg Abbott = Greg Abbott | Lieutenant Governor Dan Patrick = Dan Patrick
Founder and CEO Jeff Bezos = Jeff Bezos | President and CEO Ann Roe = Ann Roe
Pastor Rick Warren = Rick Warren | author J.K. Rowling = J. K. Rowling
actor George Clooney = Clooney | Amazon founder Jeff Bezos = Jeff Bezos
German Chancellor Angela Merkel = Angela Merkel | Sheikh Hasina = Hasina
Secretary Hillary Rodham Clinton = Hillary Rodham Clinton
the late Senator John McCain = John McCain | Al Gore = Gore | Stephen King = King
Martin Luther King Jr. = King | Theresa May = May | Gordon Brown = Brown
Michael Flynn, national security adviser = Flynn | Mr. Kim Jong Un = Kim Jong Un
Her Majesty Queen Elizabeth II = Queen Elizabeth II | Press Secretary Sean Spicer = Spicer
Speaker of the House Mike Johnson = Mike Johnson
Minister for Foreign Affairs Penny Wong = Penny Wong
Labor Department spokeswoman Ann Roe = Ann Roe | General Motors CEO Mary Barra = Mary Barra
Justice Department spokesman Ian Prior = Ian Prior | Justice Clarence Thomas = Clarence Thomas
Marine Le Pen = Le Pen | Mahmoud al-Zahar = al-Zahar | Omar al Bashir = al Bashir
Osama bin Laden = bin Laden | Osama bin Laden = Laden | Владимир Путин = ВЛАДИМИР ПУТИН
نارندرا مودی = نارندرا\u200c مودی | नरेन्द्र मोदी = नरेन्द्\u200dर मोदी | สมชาย = สม\u200bชาย
José Mujica = José Mujica | Jean‐Claude Juncker = Jean-Claude Juncker
Stolten\xadberg = Jens Stoltenberg | \u200fבנימין נתניהו\u200e = בנימין נתניהו | Straße = STRASSE
O`Brien = O’Brien | Founder and CEO Ann Roe = Ann Roe
Johnson & Johnson CEO Joaquin Duato = Duato
Secretary of State for Defence Ben Wallace = Ben Wallace
Republican nominee Donald Trump = Donald Trump
Centers for Disease Control Director Ann Roe = Ann Roe
Chief Justice John G. Roberts Jr. = John G. Roberts
"""

DIFFERENT = """
China = Bank of China | China = Air China | Korea = North Korea | Labour = New Labour
King County = Orange County | First Bank = World Bank | President = Vice President
Minister = Prime Minister | Guinea = New Guinea | Guinea = Equatorial Guinea
Guinea = Papua New Guinea | Carolina = North Carolina | Times = New York Times
Senate = State Senate | Virginia = West Virginia | York = New York | Zealand = New Zealand
Sudan = South Sudan | Republicans = House Republicans | Post = Washington Post
Congress = Indian National Congress | Party = Communist Party | Journal = Wall Street Journal
Street = Wall Street | House = White House | Russia = United Russia | Russia = Bank of Russia
England = Bank of England | Germany = East Germany | Vietnam = South Vietnam
America = Bank of America | America = Latin America | America = Captain America
Airlines = United Airlines | Sachs = Goldman Sachs | Stanley = Morgan Stanley
Fargo = Wells Fargo | Jordan = Michael Jordan | Israel = Steve Israel | Jones = Mother Jones
Officials = Senior Officials | officials = US officials | Department = Justice Department
Justice = Chief Justice | General = Attorney General | Major General = Attorney General
Lieutenant Governor = Governor | Deputy Chief of Staff = Chief of Staff | Deputy Mayor = Mayor
Acting Director = Director | Former President = President | Chief Executive = Executive
Crown Prince = Prince | the Crown Prince = the Prince | Lord Chancellor = Chancellor
Lord Mayor = Mayor | Lord Chief Justice = Chief Justice | King's College = College
Prince George's County = George's County | Prince Edward Island = Edward Island
Major League Baseball = League Baseball | the King = Stephen King | the Pope = Carl Pope
General Motors = Motors | General Electric = Electric | Duke University = University
Foreign Ministry = Ministry | Foreign Office = Office | Supreme Court = Court
Executive Board = Board | Executive Council = Council | Secretary of State = State
First Lady = Lady | First Secretary = Second Secretary | Third Secretary = First Secretary
Deputy Sheriff = Sheriff | Prime Video = Video | Vice News = News | Vice Media = Media
Chief Justice = Justice | Foreign Secretary = Home Secretary | Finance Minister = Defence Minister
Republic = Czech Republic | Republic = Dominican Republic | Kong = Hong Kong | Lanka = Sri Lanka
Rica = Costa Rica | Emirates = United Arab Emirates | Kingdom = United Kingdom
Nations = United Nations | States = United States | Union = European Union | Union = Soviet Union
Democrats = Liberal Democrats | Front = National Front | Arabia = Saudi Arabia
Africa = South Africa | Ireland = Northern Ireland | Dakota = South Dakota | Cross = Red Cross
Reuters = Thomson Reuters | Bloomberg = Michael Bloomberg | Hill = Capitol Hill
Valley = Silicon Valley | Jazeera = Al Jazeera | Qaeda = Al Qaeda | Angeles = Los Angeles
Diego = San Diego | Louis = St. Louis | Hampton Roads = Roads | Airways = British Airways
France = Air France | India = Air India | Canada = Air Canada | Press = Associated Press
Harvey = Hurricane Harvey | Trump = Trump Organization | Sr. = Jr.
George Bush Sr. = George Bush Jr. | Henry VIII = Henry VII | John Smith = Jane Smith
Ann = Annette | Ann = Ann Roe | Deutsche Bank = Bank | Banco Santander = Santander
Royal Society = Society | Royal Navy = Navy | Human Rights Watch = Watch
Security Council = Council | Great Britain = Britain | British Columbia = Columbia
British Columbia = District of Columbia | Mexico = New Mexico | Jersey = New Jersey
Hampshire = New Hampshire | Delhi = New Delhi | Orleans = New Orleans | City = Mexico City
City = Kansas City | Tribune = Chicago Tribune | Herald = Boston Herald
Telegraph = Daily Telegraph | Mail = Daily Mail | Sun = Baltimore Sun | Mirror = Daily Mirror
Star = Toronto Star | Globe = Boston Globe | Fox = Vicente Fox | Reserve = Federal Reserve
Guard = National Guard | Assembly = General Assembly | Secretary = Press Secretary
Ambassador = British Ambassador | Spokesman = Police Spokesman | spokesman = White House spokesman
Attorney = District Attorney | Officer = Chief Financial Officer
Chief Financial Officer = Chief Operating Officer
Chief Executive Officer = Chief Financial Officer | Executive Director = Managing Director
Prime Minister's Office = President's Office | Vice Chair = Chair | Senior Adviser = Adviser
King = King County | Prince = Crown Prince | Johnson = Johnson & Johnson
Gamble = Procter & Gamble | Poor's = Standard & Poor's | Disney+ = Disney | Getty = AFP/Getty
Bank One = Bank Two | Asia = Central Asia | Macedonia = North Macedonia | Timor = East Timor
Leone = Sierra Leone | Congo = Democratic Republic of Congo | Verde = Cape Verde
Faso = Burkina Faso | Salvador = El Salvador | Gaza = Free Gaza | Palestine = State of Palestine
Peace = Greenpeace International | International = Amnesty International
Airport = Heathrow Airport | Madrid = Real Madrid | Munich = Bayern Munich | Milan = Inter Milan
Barcelona = FC Barcelona | United = Manchester United | City = Manchester City
London = Greater London | London = City of London | Texas = University of Texas
Berlin = East Berlin | Microsoft = Team Microsoft | Google = Alphabet Google | News = Fox News
News = ABC News | Journal = Ladies Home Journal | Cleveland = Grover Cleveland
Michigan = Lake Michigan | Erie = Lake Erie | Everest = Mount Everest | Rushmore = Mount Rushmore
Hood = Fort Hood | David = Camp David | Ontario = Lake Ontario | advisers to Mr. Obama = Obama
lawyers for President Trump = Trump | Office of President Trump = President Trump
Mr. King and Mr. Schultz = Schultz | Joe Biden and Senator Ann Roe = Ann Roe
the two Republican presidents = presidents | a study by Professor Ann Roe = Ann Roe
President Obama and Donald Trump = Donald Trump | the wife of Senator Bob Doe = Bob Doe
the spokesman for former President Bill Clinton = Bill Clinton
"""

# Vowel signs, points, tones and accents; organisations in scripts without word lists.
SCRIPTS = """
राम = रोम | कमल = कोमल | मीना = मोना | किरण = करण | দীপা = দীপু | ராம் = ரோம் | கமலா = கமல்
สมชาย = สมชัย | วิชา = วิชี | ไทย = ไท่ย | مُحَمَّد = مُحَمِّد | عَلِيّ = عَلَى | كَتَبَ = كُتُب
שָׂרָה = שָׁרָה | דָּוִד = דֹּוִד | Nguyễn Văn Minh = Nguyễn Văn Mình | Lê Văn Dũng = Lê Văn Dụng
Trần Hà = Trần Hạ | Людмила Кучма = Людмила Кучмá | Андрій = Андрии | Россия = Единая Россия
Корея = Северная Корея | מדינה = בנק מדינה | الصين = بنك الصين | चीन = बैंक ऑफ चीन
Банк = Сбер Банк | बैंक = भारतीय बैंक
"""
