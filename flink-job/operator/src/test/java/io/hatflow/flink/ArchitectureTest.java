package io.hatflow.flink;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.batch.Distribution;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.bundle.SignerKey;
import io.hatflow.inference.label.Evidence;
import io.hatflow.inference.label.LabelScore;
import io.hatflow.inference.onnx.Device;
import io.hatflow.inference.onnx.DeviceException;

/** The walls of the operator module. */
@AnalyzeClasses(packages = "io.hatflow.flink", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule servesAnyStream = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.kafka..", "org.apache.avro..", "io.hatflow.events..", "io.hatflow.job..")
            .because("sources, formats, events and settings are the job's");

    @ArchTest
    static final ArchRule usesTheInferenceModuleThroughItsFront = noClasses()
            .should()
            .dependOnClassesThat(resideInAPackage("io.hatflow.inference.*..")
                    .and(not(belongToAnyOf(
                            BundleInfo.class,
                            BundleException.class,
                            SignerKey.class,
                            BatchStatistics.class,
                            Distribution.class,
                            Device.class,
                            Device.Kind.class,
                            DeviceException.class,
                            Evidence.class,
                            LabelScore.class))))
            .because("what is behind DocumentClassifier may change without the operator");

    @ArchTest
    static final ArchRule kryoIsNeverUsed = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("com.esotericsoftware.kryo..")
            .because("every type on a stream has a serializer of its own, with a defined evolution");

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("io.hatflow.(**)").should().beFreeOfCycles();
}
