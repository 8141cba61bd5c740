package io.hatflow.benchmarks.document;

import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sentences of commercial prose, written for this purpose. They differ in length from three words to a hundred, because how well
 * segments fill up depends on it. Each is one sentence to the segmenter: no semicolon inside, no abbreviation before its full stop.
 */
final class Clauses {

    private static final Pattern SLOT = Pattern.compile("\\{(\\w+)}");

    private static final Map<String, List<String>> WORDS = Map.ofEntries(
            Map.entry(
                    "party",
                    List.of(
                            "the Supplier",
                            "the Customer",
                            "the Licensor",
                            "the Licensee",
                            "the Distributor",
                            "the Agent")),
            Map.entry(
                    "other",
                    List.of("the other party", "the Company", "the Purchaser", "the Contractor", "the Franchisee")),
            Map.entry("days", List.of("five", "ten", "fourteen", "thirty", "forty-five", "sixty", "ninety")),
            Map.entry("amount", List.of("USD 2,500", "EUR 40,000", "USD 125,000", "GBP 9,750", "USD 1,200,000")),
            Map.entry(
                    "date",
                    List.of("January 31, 2024", "the first day of March 2021", "30 June 2026", "September 15, 2019")),
            Map.entry(
                    "law",
                    List.of("the State of New York", "England and Wales", "the Netherlands", "the State of Delaware")),
            Map.entry(
                    "goods",
                    List.of(
                            "the Products",
                            "the Equipment",
                            "the spare parts listed in Annex 10",
                            "the Software and its documentation",
                            "the raw materials")),
            Map.entry("section", List.of("Section 14", "Clause 27", "Article 12", "Schedule 30", "Annex 11")),
            Map.entry(
                    "place",
                    List.of("Rotterdam", "its warehouse in Ohio", "the port of Felixstowe", "the Customer's premises")),
            Map.entry(
                    "event",
                    List.of(
                            "a change of control",
                            "the insolvency of either party",
                            "a material breach that is not cured in time",
                            "an event of force majeure",
                            "the loss of a required permit")));

    private static final List<String> SENTENCES = List.of(
            "Time is of the essence.",
            "No third party benefits.",
            "See {section}.",
            "Headings do not affect interpretation.",
            "The term begins on {date}.",
            "Notices shall be in writing.",
            "Interest accrues daily at four per cent.",
            "This Agreement is governed by the laws of {law}.",
            "{party} bears all taxes on its own income.",
            "Payment is due within {days} days of the invoice.",
            "The fee for the first year is {amount}, payable in advance.",
            "{party} delivers {goods} to {place} at its own risk.",
            "Neither party may assign this Agreement without consent.",
            "Any amendment must be signed by both parties to be valid.",
            "{party} shall keep complete books and records for {days} months.",
            "Title to {goods} passes to {other} upon payment in full.",
            "Either party may terminate this Agreement on {days} days' written notice.",
            "The minimum order for each calendar quarter amounts to {amount} before discounts.",
            "{party} warrants that {goods} conform to the specification in {section}.",
            "{other} may inspect {goods} at {place} during business hours and upon reasonable notice.",
            "In no event shall the liability of {party} under this Agreement exceed {amount} in any contract year.",
            "{party} maintains, at its own cost, liability insurance of no less than {amount} for each occurrence.",
            "All intellectual property in {goods} remains with {party}, and nothing herein transfers any of it to {other}.",
            "If {party} fails to pay an undisputed amount when due, {other} may suspend deliveries until the amount is paid.",
            "During the term and for {days} months thereafter, {party} shall not solicit employees of {other}.",
            "{party} grants {other} a non-exclusive, non-transferable license to use {goods} within the territory.",
            "Upon {event}, {other} may terminate this Agreement with immediate effect by notice to {party}.",
            "{other} shall report its sales to {party} within {days} days after the end of each calendar quarter.",
            "The parties submit to the exclusive jurisdiction of the courts of {law} for any dispute arising from {section}.",
            "Unless a party gives notice of at least {days} days before the end of the term, this Agreement renews for one more year.",
            "{party} shall have the right, not more than once a year and on {days} days' notice, to audit the records that {other} keeps.",
            "The prices of {goods} are fixed until {date}, afterwards {party} may adjust them once a year by the change of the index.",
            "{party} shall indemnify {other} against all claims of third parties that {goods} infringe a patent, a copyright or a trade secret.",
            "Confidential information does not include what is public, what the recipient knew before, and what it develops without use of it.",
            "If any provision of this Agreement is held to be invalid, the remaining provisions stay in force and the parties shall replace "
                    + "the invalid one.",
            "{other} appoints {party} as its exclusive distributor of {goods} in the territory, and shall refer to it every enquiry from "
                    + "customers there.",
            "Neither party is liable for a delay caused by {event}, provided that it informs the other within {days} days and resumes "
                    + "performance as soon as it can.",
            "Should {party} wish to sell its shares, it shall first offer them in writing to {other}, which has {days} days to accept the "
                    + "offer on the terms stated therein.",
            "{party} represents that it is duly organised under the laws of {law}, that it has the power to enter into this Agreement, and "
                    + "that no consent of any other person is needed.",
            "The royalty is six per cent of net sales, net sales being the amounts invoiced by {other} for {goods} less returns, freight, "
                    + "insurance, and value added tax.",
            "On expiry, {other} returns or destroys all copies of the documentation, ceases to use the marks, and confirms in writing within "
                    + "{days} days that it has done so.",
            "For as long as {party} buys at least {amount} of {goods} a year, {other} shall not appoint another reseller in the territory, "
                    + "nor sell there itself, directly or through affiliates.",
            "{party} shall keep the source code of {goods} in escrow with an agent acceptable to {other}, update the deposit with each "
                    + "release, and instruct the agent to hand it over upon {event}.",
            "EXCEPT FOR A BREACH OF {section}, NEITHER PARTY IS LIABLE FOR INDIRECT, INCIDENTAL OR CONSEQUENTIAL DAMAGES, LOST PROFITS OR "
                    + "LOST DATA, EVEN IF IT WAS ADVISED THAT SUCH DAMAGES WERE POSSIBLE.",
            "If {other} receives from a third party a bona fide offer for all or part of the business to which {goods} belong, it shall "
                    + "inform {party} of the price and the terms without delay, and {party} may, within {days} days, declare that it "
                    + "buys on the same terms.",
            "{party} shall provide support for {goods} by telephone and electronic mail on business days, answer reports of critical faults "
                    + "within four hours and of others within {days} days, and supply a correction or a reasonable way around "
                    + "the fault without additional charge.",
            "The parties shall first try to settle any dispute by negotiation between executives who have authority to do so, if they do not "
                    + "agree within {days} days after the first notice, the dispute shall be settled by arbitration in {place}, by "
                    + "three arbitrators, in the English language, and their award shall be final.",
            "{other} shall comply with all laws that apply to it, including those on export control, data protection, and the prevention of "
                    + "bribery, shall obtain at its own expense the permits that the import and resale of {goods} require, and "
                    + "shall inform {party} without delay of any inquiry by an authority that concerns {goods}.",
            "Subject to {section}, {party} hereby grants to {other}, and {other} accepts, a perpetual, irrevocable, worldwide license under "
                    + "all patents, copyrights, designs and know-how that it owns or controls on {date}, with the right to "
                    + "sublicense to affiliates and contractors, to make, have made, use, offer, sell and import {goods}, and to "
                    + "prepare derivative works of the documentation, in each case without any further payment beyond the "
                    + "sum of {amount} that is due on signature.",
            "In consideration of the services, {other} pays {party} (a) a fixed fee of {amount} for each month, invoiced on its last day, "
                    + "(b) the reasonable cost of travel that it has approved beforehand, against receipts, and (c) for work that "
                    + "exceeds the estimate in {section}, the hourly rates of the price list in force on {date}, provided that "
                    + "{party} has announced the excess at least {days} days in advance and {other} has not objected, "
                    + "failing which the excess is borne by {party} alone and gives no right to terminate.",
            "Any of the following is a default: (i) failure to pay an amount of more than {amount} within {days} days after a reminder, "
                    + "(ii) a petition for the opening of insolvency proceedings that is not withdrawn within {days} days, "
                    + "(iii) {event}, (iv) a representation in {section} that was untrue in a material respect when it was made, "
                    + "(v) seizure of, or enforcement against, assets that are essential for the delivery of {goods}, and "
                    + "(vi) the end, for whatever reason, of the insurance that {party} must maintain, unless it is replaced "
                    + "on terms no less favourable before any claim has arisen.");

    private static final List<String> HEADINGS = List.of(
            "Definitions",
            "Term and Termination",
            "Prices and Payment",
            "Delivery",
            "Warranty",
            "Limitation of Liability",
            "Confidentiality",
            "Assignment",
            "Governing Law",
            "Audit",
            "Intellectual Property",
            "Insurance");

    private Clauses() {}

    static String heading(int number, RandomGenerator chance) {
        return number + ". " + one(HEADINGS, chance);
    }

    static String sentence(RandomGenerator chance) {
        Matcher slot = SLOT.matcher(one(SENTENCES, chance));
        String sentence = slot.replaceAll(found -> one(WORDS.getOrDefault(found.group(1), List.of("")), chance));
        return Character.toUpperCase(sentence.charAt(0)) + sentence.substring(1);
    }

    private static String one(List<String> choices, RandomGenerator chance) {
        return choices.get(chance.nextInt(choices.size()));
    }
}
