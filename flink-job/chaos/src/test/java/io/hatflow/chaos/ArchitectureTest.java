package io.hatflow.chaos;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "io.hatflow.chaos")
class ArchitectureTest {

    @ArchTest
    static final ArchRule whoeverChecksSharesNoCodeWithTheJob = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "io.hatflow.cli..",
                    "io.hatflow.broker..",
                    "io.hatflow.job..",
                    "io.hatflow.inference..",
                    "io.hatflow.events..")
            .because("a mistake in both would not be seen");
}
